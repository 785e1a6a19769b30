// Builds what is published.
//   node build.mjs script [FOLDER]   the one file that the edge serves: remit.js
//   node build.mjs module [FOLDER]   the ES module and its types
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [what, folder] = process.argv.slice(2);
const options = {
  bundle: true,
  target: "es2022", // every browser since the end of 2022; what is older counts no views and breaks no page
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};

if (what === "script")
  await build({
    ...options,
    entryPoints: [here("src/script.ts")],
    outfile: `${folder ?? here("../remit/edge/static")}/remit.js`,
    format: "iife",
    minify: true,
    banner: { js: "/* remit, Apache-2.0. Source: producers/remit-browser */" },
  });
else if (what === "module") {
  const out = folder ?? here("dist");
  await build({ ...options, entryPoints: [here("src/index.ts")], outfile: `${out}/index.js`, format: "esm" });
  execFileSync(process.execPath, [here("node_modules/typescript/bin/tsc"), "-p", here("."), "--outDir", out], { stdio: "inherit" });
} else throw new Error("build what? script or module");
