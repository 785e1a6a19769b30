/** The tracker as the one file of a `<script src="https://edge/remit.js" data-key="…" defer>`. */
import { start } from "./index.js";
import type { Remit } from "./protocol.js";

declare global {
  interface Window {
    remit?: Remit;
  }
}

const tag = document.currentScript;
if (tag instanceof HTMLScriptElement && tag.dataset["key"] && !window.remit) {
  const { key, hold } = tag.dataset;
  window.remit = start({ edge: new URL(".", tag.src).href, key: key as string, hold: hold !== undefined });
}
