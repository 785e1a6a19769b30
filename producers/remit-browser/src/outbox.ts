/** What waits to be sent: in order, bounded, again until it is answered. */
import type { Letter, PageView } from "./protocol.js";

const EVENTS_MAX = 200; // waiting; 200 page views without network are a day on the train
const BATCH_MAX = 20; // 20 events of 2 kB at most: a request that outlives its page may have 64 KiB
const BACKOFF_MS = 1_000;
const BACKOFF_MAX_MS = 60_000;
const RETRY_AFTER_MAX_MS = 3_600_000;
const TIMEOUT_MS = 30_000;
/** The edge knows a batch again for 24 hours; later it could be counted twice. */
const LETTER_AGE_MAX_MS = 86_400_000;

/** What the outbox asks of its owner. */
export interface Owner {
  /** Names the next batch. */
  next(): Pick<Letter, "session" | "batch">;
  /** Writes down what waits, where that was agreed to. */
  keep(letters: readonly Letter[]): void;
  /** The edge will never take this. */
  refused(letter: Letter, status: number): void;
}

export class Outbox {
  dropped = 0;
  records: string[] = [];
  /** Whether anything may go. */
  isOpen = false;
  waiting: PageView[] = [];
  letters: Letter[] = [];
  readonly #url: (path: string) => string;
  readonly #owner: Owner;
  readonly #flying = new Set<Letter>();
  #attempts = 0;
  #notBefore = 0;
  /** Whether it was the edge that said how long to wait. */
  #isAsked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;

  constructor(url: (path: string) => string, owner: Owner) {
    this.#url = url;
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return !this.letters.length && !this.waiting.length;
  }

  get events(): PageView[] {
    return this.letters.flatMap((letter) => letter.events ?? []).concat(this.waiting);
  }

  add(event: PageView): void {
    this.waiting.push(event);
    while (this.events.length > EVENTS_MAX) this.#dropOldest();
  }

  /** Puts what waits under a number; it keeps the number until it is answered. */
  seal(): void {
    while (this.waiting.length)
      this.letters.push({ path: "events", ...this.#owner.next(), made: Date.now(), events: this.waiting.splice(0, BATCH_MAX) });
  }

  /** Lets everything go that was neither sent nor agreed to. */
  clear(): void {
    this.dropped += this.events.length;
    this.waiting = [];
    this.letters = [];
  }

  /** Sends one after the other until none is left or one has to wait. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Begins anew at once: the network is back. */
  retry(): void {
    this.#attempts = 0;
    if (!this.#isAsked) this.#notBefore = 0;
    void this.run();
  }

  /** The page may be gone in a moment: everything goes now, side by side, and is kept until it is answered. */
  hide(): void {
    if (!this.isOpen) return;
    this.seal();
    const isEarly = this.#isAsked && this.#early_ms > 0;
    if (!isEarly) for (const letter of this.letters) if (!this.#flying.has(letter)) void this.#deliver(letter, true);
    this.save();
  }

  save(): void {
    this.#owner.keep(this.letters);
  }

  async #run(): Promise<void> {
    await undefined; // whoever calls goes on first; what it adds in the same breath goes along
    clearTimeout(this.#timer);
    let letter;
    while (this.isOpen && this.#early_ms <= 0 && (letter = this.#next())) await this.#deliver(letter);
    if (this.#early_ms > 0) this.#timer = setTimeout(() => void this.run(), this.#early_ms + 1);
    this.#running = undefined;
    this.save();
  }

  get #early_ms(): number {
    return this.#notBefore - Date.now();
  }

  #next(): Letter | undefined {
    if (!this.letters.length) this.seal();
    return this.letters.find((letter) => !this.#flying.has(letter));
  }

  /** Tries once. What fails keeps its number. */
  async #deliver(letter: Letter, isLast = false): Promise<void> {
    this.#flying.add(letter);
    const wait_ms = Date.now() - letter.made > LETTER_AGE_MAX_MS ? this.#giveUp(letter, 0) : await this.#post(letter, isLast);
    this.#flying.delete(letter);
    this.#notBefore = wait_ms && Date.now() + wait_ms;
    if (wait_ms) return;
    this.#attempts = 0;
    this.letters = this.letters.filter((other) => other !== letter);
  }

  /** Gives 0 where it was answered, else after how many milliseconds to try again. */
  async #post(letter: Letter, isLast: boolean): Promise<number> {
    const { path, session, batch, events, said } = letter;
    const body = JSON.stringify({ session, batch, sent_at: Date.now(), ...(events ? { events } : said) });
    const url = this.#url(path);
    const backoff_ms = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** this.#attempts++) * (0.5 + Math.random() / 2);
    // sendBeacon would bring the site's cookies along, so it is only for browsers whose fetch ends with the page.
    if (isLast && !("keepalive" in Request.prototype)) {
      navigator.sendBeacon(url, body);
      return backoff_ms;
    }
    try {
      const answer = await fetch(url, {
        method: "POST",
        body, // as text/plain: no request before the request
        keepalive: true,
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.ok) {
        if (said) await this.#learn(answer);
        return 0;
      }
      if (answer.status < 500 && answer.status !== 429 && answer.status !== 408) return this.#giveUp(letter, answer.status);
      const asked_ms = retryAfter(answer);
      this.#isAsked = asked_ms > 0;
      return Math.max(backoff_ms, asked_ms);
    } catch {
      this.#isAsked = false;
      return backoff_ms;
    }
  }

  /** Takes up the names of what was said; an answer without them, or one that breaks off, is an answer all the same. */
  async #learn(answer: Response): Promise<void> {
    const told = (await answer.json().catch(() => undefined)) as { records?: unknown } | null | undefined;
    if (Array.isArray(told?.records)) this.records.push(...told.records.map(String));
  }

  #giveUp(letter: Letter, status: number): number {
    this.dropped += letter.events?.length ?? 0;
    this.#owner.refused(letter, status);
    return 0;
  }

  /** What was said of consent is never let go for room. */
  #dropOldest(): void {
    const oldest = this.letters.find((letter) => letter.events && !this.#flying.has(letter));
    this.dropped += oldest?.events?.length ?? 1;
    if (oldest) this.letters = this.letters.filter((letter) => letter !== oldest);
    else this.waiting.shift();
  }
}

/** How long the edge asks to wait, in milliseconds: seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(answer: Response): number {
  const text = answer.headers.get("Retry-After") ?? "";
  const wait_ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Math.min(Math.max(wait_ms || 0, 0), RETRY_AFTER_MAX_MS);
}
