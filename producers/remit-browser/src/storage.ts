/** JSON in the browser's storages, which may be full, forbidden, or written by somebody else. */
import type { Letter } from "./protocol.js";

/** The visitor's choice: all that is remembered of a visitor beyond a tab. It is needed to carry the choice out. */
export interface Choice {
  readonly version: string;
  readonly given: readonly string[];
  readonly refused: readonly string[];
}

/** What one tab remembers, and only where something was agreed to. */
export interface Tab {
  readonly session: string;
  /** When it last showed a page, in milliseconds since 1970. */
  readonly at: number;
  readonly letters: readonly Letter[];
}

export const CHOICE = "remit.consent";
export const TAB = "remit.session";

/** Reads a value; undefined where there is none that can be used. */
export function read<T extends object>(storage: () => Storage, name: string, isRight: (value: T) => boolean): T | undefined {
  try {
    const value = JSON.parse(storage().getItem(name) ?? "0") as T;
    return value && isRight(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a value, or takes it away. */
export function write(storage: () => Storage, name: string, value?: object): void {
  try {
    if (value) storage().setItem(name, JSON.stringify(value));
    else storage().removeItem(name);
  } catch {
    // Then nothing is remembered, and the visitor is asked again.
  }
}

export const choiceThatIs = (value: Choice): boolean =>
  typeof value.version === "string" && Array.isArray(value.given) && Array.isArray(value.refused);

export const tabThatIs = (value: Tab): boolean =>
  /^[\w-]{22}$/.test(value.session) && typeof value.at === "number" && Array.isArray(value.letters);
