/**
 * All that is ever read from the visitor's terminal, and nowhere else.
 *
 * A reader is called only where a purpose that needs its field was agreed to (ePrivacy Directive, article 5(3)), and
 * gives no more than a class: the classes are those of the reducers `screen` and `hardware`.
 */
import type { OptionalField } from "./protocol.js";

/** `deviceMemory` is in no library of types: W3C Device Memory is a draft. */
interface Machine {
  readonly deviceMemory?: number;
}

type Bins = readonly (readonly [end: number, name: string | number])[];

const SIZES: Bins = [[1024, "small"], [1600, "medium"], [2560, "large"], [Infinity, "huge"]];
const CORES: Bins = [[3, 2], [5, 4], [9, 8], [Infinity, 16]];
const MEMORY_GB: Bins = [[3.1, 2], [6.1, 4], [12.1, 8], [24.1, 16], [Infinity, 32]];

const binOf = (value: number, bins: Bins): string | number | undefined => bins.find(([end]) => value < end)?.[1];

export const READERS: Readonly<Record<OptionalField, () => string | undefined>> = {
  /** Where the visit came from: scheme and host. Path and query hold search terms and are not sent. */
  referrer() {
    if (!document.referrer) return undefined;
    const { protocol, host } = new URL(document.referrer);
    return host && `${protocol}//${host}/`;
  },
  viewport: () => binOf(Math.max(innerWidth, innerHeight), SIZES) as string,
  hardware() {
    const cores = navigator.hardwareConcurrency;
    const memory = (navigator as Machine).deviceMemory;
    const parts = [cores && `cores=${binOf(cores, CORES)}`, memory && `memory_gb=${binOf(memory, MEMORY_GB)}`];
    return parts.filter(Boolean).join(" ") || undefined;
  },
  /** Whole hours, downwards: the odd half hours name a country. */
  utc_offset() {
    const hours = Math.floor(-new Date().getTimezoneOffset() / 60);
    return `${hours < 0 ? "-" : "+"}${String(Math.abs(hours)).padStart(2, "0")}:00`;
  },
};

/** Whether the browser says no for its visitor: Global Privacy Control, or Do Not Track. Both are in the request, too. */
export function saysNo(): boolean {
  const { globalPrivacyControl, doNotTrack } = navigator as Navigator & {
    readonly globalPrivacyControl?: boolean;
    readonly doNotTrack?: string | null;
  };
  return globalPrivacyControl === true || doNotTrack === "1";
}

/** 128 random bits as 22 characters, url-safe: a session. It says nothing about who or what it belongs to. */
export function randomSession(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (c) => ({ "+": "-", "/": "_" })[c] ?? "");
}

/** Where batches of a page begin to count: at random, so that a tab and its copy never name two batches alike. */
export function randomBatch(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) >>> 1;
}
