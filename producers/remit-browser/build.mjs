// Builds what is published: dist/ (ES module and types) and the one file that the edge serves.
// `node build.mjs DIR` writes that file into DIR instead: a test compares it with the committed one.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = process.argv[2] ?? here("../remit/edge/static");
const options = {
  bundle: true,
  minify: true,
  target: "es2022", // every browser since the end of 2022; what is older counts no views and breaks no page
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};

await build({
  ...options,
  entryPoints: [here("src/script.ts")],
  outfile: `${folder}/remit.js`,
  format: "iife",
  banner: { js: "/* remit, Apache-2.0. Source: producers/remit-browser */" },
});
if (process.argv[2] === undefined) {
  await build({ ...options, minify: false, entryPoints: [here("src/index.ts")], outfile: here("dist/index.js"), format: "esm" });
  execFileSync(process.execPath, [here("node_modules/typescript/bin/tsc"), "-p", here(".")], { stdio: "inherit" });
}
