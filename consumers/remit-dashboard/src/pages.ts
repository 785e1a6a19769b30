// Partial updates: regions of a page say in attributes where they come from and how often.
import htmx from "htmx.org";

// What comes from the server is markup and never a program; the page's policy forbids it as well.
Object.assign(htmx.config, { defaultSwap: "outerMorph", includeIndicatorCSS: false });

// A select or a box that changes what is shown does so at once; without this script the button beside it does.
document.documentElement.classList.add("scripted");
