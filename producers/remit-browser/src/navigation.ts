/** When a page is shown: once when it is loaded, and whenever its path becomes another one. */

/** `prerendering` is in no library of types yet. */
type Prerendered = Document & { readonly prerendering?: boolean };

/** Calls back for each page that is shown. */
export function watchPages(shown: () => void): void {
  let last: string | undefined;
  // Behind the running task, so that a redirect within the app counts as the page that it ends on.
  const look = (): void => {
    setTimeout(() => {
      if (location.pathname === last || (document as Prerendered).prerendering) return;
      last = location.pathname;
      shown();
    });
  };
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (this: History, ...what) {
      original.apply(this, what);
      look();
    };
  }
  addEventListener("popstate", look);
  document.addEventListener("prerenderingchange", look);
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    last = undefined; // back from the cache of whole pages: seen again
    look();
  });
  look();
}
