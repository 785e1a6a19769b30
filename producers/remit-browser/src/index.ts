/** The tracker as a module: `start({ edge, key })`. */
import type { Options, Remit } from "./protocol.js";
import { Tracker } from "./tracker.js";

export type { Channel, Method, OptionalPurpose, Options, PolicySummary, Remit, Said } from "./protocol.js";

/** Begins to count page views. */
export function start(options: Options): Remit {
  return new Tracker(options);
}
