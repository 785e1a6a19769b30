/** Page views under a visitor's choice: before it the path and the time, after it what it allows. */
import { watchPages } from "./navigation.js";
import { Outbox } from "./outbox.js";
import { askPolicy } from "./policy.js";
import type { Channel, Letter, OptionalField, Options, PageView, PolicySummary, Remit, Said } from "./protocol.js";
import { Session } from "./session.js";
import { CHOICE, TAB, choiceThatIs, read, tabThatIs, write, type Choice, type Tab } from "./storage.js";
import { READERS, saysNo } from "./terminal.js";

const POLICY_POLL_MS = 300_000; // a stopped category or a new version arrives at an open page within five minutes
const POLICY_AGAIN_MS = 30_000; // where it did not come at all
const PAGE_CHARS_MAX = 2_048;

const local = (): Storage => localStorage;
const tab = (): Storage => sessionStorage;
const isWithdrawal = ({ said }: Letter): boolean => !!said?.withdrawn.length;
const NOTHING: Pick<Choice, "given" | "refused"> = { given: [], refused: [] };
const union = (some: readonly string[], others: readonly string[]): string[] => [...new Set([...some, ...others])];
const without = (some: readonly string[], others: readonly string[]): string[] => some.filter((one) => !others.includes(one));

export class Tracker implements Remit {
  readonly #options: Options;
  readonly #outbox: Outbox;
  readonly #asks: ((policy: PolicySummary) => void)[] = [];
  #policy: PolicySummary | undefined;
  #loading: Promise<PolicySummary>;
  /** How often the policy was asked for, and the last time that was answered. */
  #asked = 0;
  #answered = 0;
  #choice = read<Choice>(local, CHOICE, choiceThatIs);
  readonly #session = new Session();
  /** Whether the tab may remember its session and what waits. */
  #isStored = !!this.#choice?.given.length && !saysNo();
  #landing: PageView | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#outbox = new Outbox((path) => this.#url(`${path}?key=${encodeURIComponent(options.key)}`), {
      next: () => this.#session.next(),
      keep: (letters) => this.#keep(letters),
      refused: (_, status) => {
        if (status === 409) this.#load(); // there is a newer policy
      },
    });
    this.#restore();
    this.#loading = this.#load();
    watchPages(() => this.page());
    this.#listen();
  }

  get dropped(): number {
    return this.#outbox.dropped;
  }

  get records(): readonly string[] {
    return this.#outbox.records;
  }

  get given(): readonly string[] {
    const { policy_version } = this.#policy ?? {};
    return this.#choice && this.#choice.version === policy_version && !saysNo() ? this.#choice.given : [];
  }

  policy(): Promise<PolicySummary> {
    return this.#policy ? Promise.resolve(this.#policy) : this.#loading;
  }

  onConsentNeeded(ask: (policy: PolicySummary) => void): void {
    this.#asks.push(ask);
    if (this.#isAsking && this.#policy) ask(this.#policy);
  }

  page(path = location.pathname): void {
    if (this.#isRefused) {
      this.#outbox.dropped++;
      return;
    }
    this.#touch();
    const event: PageView = { contract: "page_view", occurred_at: Date.now(), page: path.slice(0, PAGE_CHARS_MAX) };
    this.#landing ??= event;
    this.#outbox.add(event);
    this.#fit();
    void this.#outbox.run();
  }

  async flush(): Promise<boolean> {
    await this.policy().catch(() => undefined);
    await this.#outbox.run();
    return this.#outbox.isEmpty;
  }

  consent({ given = [], refused = [], withdrawn = [], method = "api" }: Said): boolean {
    const version = this.#policy?.policy_version ?? this.#choice?.version;
    if (!version) return false;
    this.#check([...given, ...refused, ...withdrawn]);
    const { given: before, refused: no } = this.#choice?.version === version ? this.#choice : NOTHING;
    const off = [...refused, ...withdrawn];
    const on = this.#policy && !saysNo() ? without(given, off) : [];
    this.#choose({ version, given: without(union(before, on), off), refused: union(without(no, on), off) });
    // Who refuses what was agreed to withdraws it.
    const taken = off.filter((purpose) => withdrawn.includes(purpose) || before.includes(purpose));
    this.#follow(before, { given: on, refused: without(off, taken), withdrawn: taken, method, policy_version: version });
    return true;
  }

  told(what: "notified" | "accepted", channel: Channel = "website"): boolean {
    const version = this.#policy?.policy_version;
    if (!version || (this.#options.hold && !this.given.length)) return false; // having seen a notice lets nothing go
    this.#touch();
    this.#write({ ...NOTHING, withdrawn: [], method: "api", policy_version: version, policy: [what], channel }, this.#session.isTold);
    void this.#outbox.run();
    return true;
  }

  /** Whether this visitor has to be asked. */
  get #isAsking(): boolean {
    return !!this.#policy?.optional_purposes.length && !this.#choice && !saysNo();
  }

  /** Whether nothing may be collected at all: held, and the answer was no. */
  get #isRefused(): boolean {
    return !!this.#options.hold && !this.given.length && (!!this.#choice && !!this.#policy || saysNo());
  }

  #url(path: string): string {
    return new URL(`v1/${path}`, this.#options.edge).href;
  }

  #check(purposes: readonly string[]): void {
    const unknown = this.#policy && without(purposes, this.#policy.optional_purposes.map(({ key }) => key));
    if (unknown?.length) throw new RangeError(`remit: the policy has no optional purpose ${unknown.join(", ")}`);
  }

  #listen(): void {
    const hide = (): void => {
      if (!this.#options.hold) this.#outbox.isOpen = true; // also before the policy came
      this.#outbox.hide();
    };
    addEventListener("pagehide", hide);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") hide();
      else void this.#outbox.run();
    });
    addEventListener("online", () => {
      if (!this.#policy) this.#load();
      this.#outbox.retry();
    });
    addEventListener("storage", ({ key }) => {
      if (key === CHOICE || key === null) this.#hear();
    });
    setInterval(() => {
      if (document.visibilityState === "visible") this.#load();
    }, POLICY_POLL_MS);
  }

  /** Another tab was told something: it holds for this one, too. */
  #hear(): void {
    const before = this.given;
    this.#choice = read<Choice>(local, CHOICE, choiceThatIs);
    const withdrawn = without(before, this.given);
    if (!this.#policy) return;
    if (withdrawn.length) {
      const { policy_version } = this.#policy;
      this.#follow(before, { given: [], refused: [], withdrawn, method: "remembered", policy_version });
    } else this.#begin();
  }

  /** Asks the edge which policy is in force; without an answer nothing optional is read. */
  #load(): Promise<PolicySummary> {
    const number = ++this.#asked;
    this.#loading = askPolicy(this.#url("policy/summary")).then((policy) => {
      if (number < this.#answered) return this.#policy ?? policy; // overtaken: what was stopped meanwhile stays so
      this.#answered = number;
      const isOther = policy.policy_version !== this.#policy?.policy_version;
      this.#policy = policy;
      if (isOther) this.#begin();
      this.#fit();
      return policy;
    });
    this.#loading
      .catch(() => {
        if (!this.#policy) setTimeout(() => void this.#load(), POLICY_AGAIN_MS);
      })
      .finally(() => this.#open());
    return this.#loading;
  }

  /** Takes up the session of this tab where its visitor had agreed to something. */
  #restore(): void {
    const kept = read<Tab>(tab, TAB, tabThatIs);
    if (!kept) return;
    this.#outbox.letters = kept.letters.filter((letter) => this.#isStored || isWithdrawal(letter));
    if (this.#isStored && !this.#session.isOver(kept.at)) this.#session.resume(kept.session);
  }

  /** Follows what was agreed to before, under the policy that is now in force, or asks. */
  #begin(): void {
    if (this.#choice && (saysNo() || this.#choice.version !== this.#policy?.policy_version)) this.#choose(undefined);
    this.#isStored = this.given.length > 0;
    if (this.#isStored) this.#remember();
    else if (this.#isRefused) this.#outbox.clear();
    this.#fit();
    this.#outbox.save();
    if (this.#isAsking && this.#policy) for (const ask of this.#asks) ask(this.#policy);
    this.#open();
  }

  /** Says first thing in a session what was agreed to before it. */
  #remember(): void {
    if (this.#session.isTold || !this.#choice) return;
    const { version, given, refused } = this.#choice;
    this.#write({ given, refused, withdrawn: [], method: "remembered", policy_version: version });
  }

  #write(said: NonNullable<Letter["said"]>, isTold = true): void {
    this.#session.isTold = isTold;
    this.#outbox.letters.push({ path: "consent", ...this.#session.next(), made: Date.now(), said });
  }

  #choose(choice: Choice | undefined): void {
    this.#choice = choice;
    write(local, CHOICE, choice);
  }

  /** Does what was said. */
  #follow(before: readonly string[], said: NonNullable<Letter["said"]>): void {
    this.#fit(true);
    if (this.#isRefused && !before.length) {
      this.#outbox.clear();
      return;
    }
    const given = this.#choice?.given ?? [];
    const isOver = before.length > 0 && !given.length;
    if (isOver) this.#outbox.seal(); // what waits belongs to the session that ends
    if (said.given.length + said.refused.length + said.withdrawn.length) this.#write(said);
    if (isOver) this.#session.renew();
    this.#isStored = given.length > 0;
    this.#outbox.save();
    this.#open();
  }

  /** Notes that the visitor is here; after a long pause as somebody new. */
  #touch(): void {
    const isOver = this.#session.isOver();
    this.#session.at = Date.now();
    if (!isOver) return;
    this.#outbox.seal();
    this.#session.renew();
    if (this.given.length) this.#remember();
  }

  /**
   * Gives the page views that wait what may be read, and takes away what may not be sent.
   *
   * Until the policy came it is not known what may: then nothing is read, and what an earlier page had read stays.
   */
  #fit(isKnown = !!this.#policy): void {
    const given = this.given;
    const needs = this.#policy?.optional_fields;
    for (const field of Object.keys(READERS) as OptionalField[]) {
      if (needs?.[field]?.some((purpose) => given.includes(purpose))) for (const event of this.#outbox.waiting) this.#fill(event, field);
      else if (isKnown) for (const event of this.#outbox.events) delete event[field];
    }
  }

  #fill(event: PageView, field: OptionalField): void {
    if (event[field] || (field === "referrer" && event !== this.#landing)) return;
    const value = READERS[field]();
    if (value) event[field] = value;
  }

  #open(): void {
    this.#outbox.isOpen = !this.#options.hold || this.given.length > 0 || this.#outbox.letters.some(({ said }) => said);
    if (this.#outbox.isOpen) void this.#outbox.run();
  }

  /** Without an agreement only a withdrawal that was not delivered yet is kept: else it would be lost with the tab. */
  #keep(letters: readonly Letter[]): void {
    const kept = this.#isStored ? letters : letters.filter(isWithdrawal);
    const isKept = this.#isStored || kept.length > 0;
    write(tab, TAB, isKept ? { session: this.#session.id, at: this.#session.at, letters: kept } : undefined);
  }
}
