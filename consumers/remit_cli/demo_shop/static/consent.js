// A consent banner and a page of settings on remit's consent API. Copy it, and make it look like your site.
(() => {
  const { remit } = window;
  if (!remit) return; // the edge is not there: nothing is collected, so there is nothing to ask

  const names = { "analytics.reporting": "Count visits", "functional.service.improve": "Make the shop better" };
  const title = (key) => names[key] ?? key;

  function element(name, properties = {}, ...inside) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...inside);
    return made;
  }

  function choice({ key, meaning, clause }, isOn) {
    const box = element("input", { type: "checkbox", name: key, checked: isOn });
    const words = element("span", {}, element("b", { textContent: title(key) }), element("small", { textContent: `${meaning} (${clause})` }));
    return element("label", { className: "choice" }, box, words);
  }

  const button = (text, className, onclick) => element("button", { type: "button", textContent: text, className, onclick });
  const chosen = (box, isOn) => [...box.querySelectorAll("input")].filter((one) => one.checked === isOn).map(({ name }) => name);

  remit.onConsentNeeded((policy) => {
    document.querySelector(".banner")?.remove();
    const keys = policy.optional_purposes.map(({ key }) => key);
    const say = (given, refused) => {
      remit.consent({ given, refused, method: "banner" });
      banner.remove();
      document.dispatchEvent(new Event("choice"));
    };
    const banner = element(
      "section",
      { className: "banner", role: "dialog", ariaLabel: "Your choice" },
      element("h2", { textContent: "May we look over your shoulder a little?" }),
      element("p", { textContent: "The shop works without it. Nothing of this is on unless you turn it on, and you can change your mind under Privacy." }),
      ...policy.optional_purposes.map((purpose) => choice(purpose, false)),
      element(
        "div",
        { className: "buttons" },
        button("Refuse all", "", () => say([], keys)), // as large and as near as its neighbour
        button("Save my choice", "plain", () => say(chosen(banner, true), chosen(banner, false))),
        button("Agree to all", "", () => say(keys, [])),
      ),
    );
    document.body.append(banner);
  });

  const form = document.querySelector("#choices");
  if (!form) return;
  const show = (policy) => {
    const no = navigator.globalPrivacyControl || navigator.doNotTrack === "1";
    const boxes = policy.optional_purposes.map((purpose) => choice(purpose, remit.given.includes(purpose.key)));
    for (const box of boxes) box.querySelector("input").disabled = no;
    const note = no ? "Your browser says no for you, and that is final here." : `Policy ${policy.policy_version}. A change holds at once.`;
    form.replaceChildren(...boxes, element("p", { className: "hint", textContent: note }));
    form.onchange = ({ target }) => {
      remit.consent({ [target.checked ? "given" : "withdrawn"]: [target.name], method: "settings" });
      document.querySelector(".banner")?.remove();
    };
  };
  const load = () => remit.policy().then(show, () => form.replaceChildren("The edge cannot be reached, so nothing optional is collected."));
  document.addEventListener("choice", load);
  load();
})();
