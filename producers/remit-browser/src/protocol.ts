/** What goes over the wire, and what the page may ask of the tracker. Source: docs/browser.md. */

/** What the edge says of the policy in force (`GET /v1/policy/summary`). */
export interface PolicySummary {
  readonly policy_version: string;
  /** What a visitor can agree to or refuse, each on its own. */
  readonly optional_purposes: readonly OptionalPurpose[];
  /** The fields of a page view that need an agreement, and the purposes of which any one suffices. */
  readonly optional_fields: Readonly<Record<string, readonly string[]>>;
  /** Categories that the operator has stopped for now. */
  readonly stopped: readonly string[];
  /** What this version of the policy widens, to be shown to visitors; null where it widens nothing. */
  readonly notice: PolicyNotice | null;
}

export interface PolicyNotice {
  /** The version before. */
  readonly since: string;
  /** What is collected, used, kept or shared more, and which right shrank. */
  readonly changes: readonly string[];
}

export interface OptionalPurpose {
  readonly key: string;
  readonly meaning: string;
  /** The sentence of the policy that it rests on. */
  readonly clause: string;
}

export type Method = "banner" | "settings" | "api" | "remembered";

/** By which way somebody is told something, or says it. */
export type Channel = "website" | "popup" | "app" | "email" | "support";

/** What a visitor said: purposes by their keys. */
export interface Said {
  readonly given?: readonly string[];
  readonly refused?: readonly string[];
  readonly withdrawn?: readonly string[];
  /** How it was said. */
  readonly method?: Method;
}

/** `window.remit`. */
export interface Remit {
  /**
   * Takes what the visitor said; what is refused or withdrawn stops before this returns.
   *
   * @returns whether it counts: false where no policy is known that could be agreed to.
   * @throws RangeError where the policy has no such optional purpose.
   */
  consent(said: Said): boolean;
  /** Calls back when this visitor has to be asked: now, and again when a new version of the policy comes. */
  onConsentNeeded(ask: (policy: PolicySummary) => void): void;
  /**
   * Records that this visitor was shown the notice of the policy in force, or agreed to that version expressly; neither
   * is a consent to a purpose.
   *
   * @returns whether it was taken: false where no policy is known, or nothing may be sent yet.
   */
  told(what: "notified" | "accepted", channel?: Channel): boolean;
  /** The policy in force; rejects where the edge cannot be reached. */
  policy(): Promise<PolicySummary>;
  /** The purposes that are agreed to and in force. */
  readonly given: readonly string[];
  /** Counts a page view that the address bar does not show, or of another path than it shows. */
  page(path?: string): void;
  /** Sends what waits; resolves to whether all of it was answered. */
  flush(): Promise<boolean>;
  /** Page views of this page that were let go: too many, refused by the edge, or held and then refused. */
  readonly dropped: number;
  /** The names of what was said on this page in the consent ledger, once the edge has answered; nowhere but in memory. */
  readonly records: readonly string[];
}

export interface Options {
  /** Where the edge is, such as `https://edge.shop.example/`. */
  readonly edge: string;
  /** The write key of this site: it can only write. */
  readonly key: string;
  /** Whether nothing at all is sent before the visitor agreed to something (HOLD). */
  readonly hold?: boolean;
}

/** A page view as it is sent; the optional fields are there only where they were agreed to. */
export interface PageView {
  readonly contract: "page_view";
  /** Milliseconds since 1970 by this clock; the edge corrects it by `sent_at`. */
  readonly occurred_at: number;
  readonly page: string;
  referrer?: string;
  viewport?: string;
  hardware?: string;
  utc_offset?: string;
}

export type OptionalField = "referrer" | "viewport" | "hardware" | "utc_offset";

/** One request to the edge. Session and batch name it: sent twice, it counts once. */
export interface Letter {
  readonly path: "events" | "consent";
  readonly session: string;
  readonly batch: number;
  /** When it was put together, in milliseconds since 1970. */
  readonly made: number;
  readonly events?: PageView[];
  readonly said?: Required<Said> & { readonly policy_version: string; readonly policy?: readonly string[]; readonly channel?: Channel };
}
