/** A session: random, and over after half an hour without a page. */
import type { Letter } from "./protocol.js";
import { randomBatch, randomSession } from "./terminal.js";

const IDLE_MAX_MS = 1_800_000; // as in most statistics

export class Session {
  id = randomSession();
  /** When it last showed a page, in milliseconds since 1970. */
  at = Date.now();
  /** Whether the edge was told, or will be before anything else, what was agreed to in this session. */
  isTold = false;
  #batch = randomBatch();

  /** Names the next batch. */
  next(): Pick<Letter, "session" | "batch"> {
    return { session: this.id, batch: ++this.#batch };
  }

  /** Whether one that last showed a page then is over now. */
  isOver(at = this.at): boolean {
    return Date.now() - at > IDLE_MAX_MS;
  }

  /** Goes on with a session of this tab, in which the consent was said already. */
  resume(id: string): void {
    this.id = id;
    this.isTold = true;
  }

  /** Begins another one: what comes has nothing to do with what was. */
  renew(): void {
    this.id = randomSession();
    this.#batch = randomBatch();
    this.isTold = false;
  }
}
