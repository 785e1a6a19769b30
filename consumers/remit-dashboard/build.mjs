// Builds what the dashboard serves:
//   node build.mjs [FOLDER]   pages.js (partial updates), charts.js (the charts), licences.txt
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = process.argv[2] ?? here("../remit_consumers/dashboard/static");
const vendored = { "htmx.org": ["LICENSE"], echarts: ["LICENSE", "NOTICE"], zrender: ["LICENSE"], tslib: ["LICENSE.txt"] };

await build({
  entryPoints: { pages: here("src/pages.ts"), charts: here("src/charts.ts") },
  outdir: out,
  bundle: true,
  target: "es2022",
  format: "iife",
  charset: "utf8",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  banner: { js: "/* remit, Apache-2.0. Source: consumers/remit-dashboard; what is in it of others: licences.txt */" },
});

const licences = Object.entries(vendored).map(([name, files]) => {
  const folder = here(`node_modules/${name}`);
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const texts = files.map((file) => readFileSync(`${folder}/${file}`, "utf8").trim());
  return `${name} ${version}\n\n${texts.join("\n\n")}\n`;
});
writeFileSync(`${out}/licences.txt`, licences.join(`\n${"-".repeat(72)}\n\n`));
