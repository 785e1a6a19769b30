/** The policy in force, as the edge says it. */
import type { PolicySummary } from "./protocol.js";

const TIMEOUT_MS = 10_000;

export async function askPolicy(url: string): Promise<PolicySummary> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer", signal });
  if (!answer.ok) throw new Error(`remit: ${answer.status}`);
  return (await answer.json()) as PolicySummary;
}
