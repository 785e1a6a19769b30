// Draws every element with a `data-chart` attribute: a description of what is shown, and no word of how.
import { BarChart, LineChart, SankeyChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { optionOf, type Described } from "./options";

use([BarChart, LineChart, SankeyChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const drawn = new Map<HTMLElement, EChartsType>();
const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => drawn.get(target as HTMLElement)?.resize()));

/** Draws or redraws one chart. It lies in a shadow tree, so that an update of the page around it leaves it alone. */
function draw(host: HTMLElement): void {
  const described = JSON.parse(host.dataset["chart"] ?? "null") as Described | null;
  if (!described) return;
  let chart = drawn.get(host);
  if (!chart) {
    const canvas = document.createElement("div");
    canvas.style.cssText = "width:100%;height:100%";
    (host.shadowRoot ?? host.attachShadow({ mode: "open" })).replaceChildren(canvas);
    chart = init(canvas, null, { renderer: "canvas" });
    drawn.set(host, chart);
    resized.observe(host);
  }
  chart.setOption(optionOf(described, host), { notMerge: false });
}

/** Draws what is new or changed, and lets go of what left the page. */
function follow(): void {
  for (const [host, chart] of drawn)
    if (!host.isConnected) {
      resized.unobserve(host);
      chart.dispose();
      drawn.delete(host);
    }
  document.querySelectorAll<HTMLElement>("[data-chart]").forEach((host) => drawn.has(host) || draw(host));
}

new MutationObserver((changes) => {
  for (const { target, type } of changes) if (type === "attributes") draw(target as HTMLElement);
  follow();
}).observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-chart"] });

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((_, host) => draw(host)));
follow();
