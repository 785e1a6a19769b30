// The shop itself: six invented teas, a basket in this tab, a checkout that asks for nothing.
(() => {
  const TEAS = [
    { slug: "evening-lantern", name: "Evening Lantern", kind: "Oolong", price: 14, hue: 28, note: "Roasted slowly; tastes of chestnut and the last light.", from: "the Hill of Paper", water: "90 °C, four minutes" },
    { slug: "first-rain", name: "First Rain", kind: "Green", price: 16, hue: 142, note: "Picked before the spring storms. Fresh peas, sea air.", from: "the Quiet Terraces", water: "75 °C, two minutes" },
    { slug: "old-ledger", name: "Old Ledger", kind: "Pu-erh", price: 22, hue: 8, note: "Ten years in a drawer. Dark earth, dried plum.", from: "the Long Archive", water: "100 °C, as often as you like" },
    { slug: "white-noise", name: "White Noise", kind: "White", price: 19, hue: 48, note: "Downy buds, barely touched. Honeydew and hay.", from: "the Cloud Garden", water: "80 °C, five minutes" },
    { slug: "red-thread", name: "Red Thread", kind: "Black", price: 12, hue: 356, note: "Malt and cocoa, straight to the point.", from: "the River Works", water: "95 °C, three minutes" },
    { slug: "blue-hour", name: "Blue Hour", kind: "Herbal", price: 11, hue: 216, note: "Butterfly pea and lemongrass. No caffeine, no hurry.", from: "the Garden behind", water: "100 °C, six minutes" },
  ];
  const KEY = "shop.basket";
  const at = (selector) => document.querySelector(selector);
  const money = (amount) => `${amount.toFixed(2)} ¤`;

  const tin = ({ hue, kind }) => `
    <svg viewBox="0 0 240 240" preserveAspectRatio="xMidYMid slice" role="img" aria-label="A tin of ${kind} tea">
      <rect width="240" height="240" fill="hsl(${hue} 46% 88%)"/>
      <circle cx="120" cy="104" r="82" fill="hsl(${hue} 52% 80%)"/>
      <ellipse cx="120" cy="202" rx="70" ry="9" fill="hsl(${hue} 25% 60% / .45)"/>
      <rect x="68" y="78" width="104" height="122" rx="12" fill="hsl(${hue} 42% 36%)"/>
      <rect x="60" y="58" width="120" height="30" rx="9" fill="hsl(${hue} 42% 28%)"/>
      <rect x="82" y="108" width="76" height="68" rx="7" fill="#fbf6ea"/>
      <path d="M140 120c-24 0-38 10-36 32 0 3 1 5 2 6 2-12 9-20 20-25-9 7-14 15-15 26 20 2 29-12 29-39z" fill="hsl(${hue} 42% 36%)"/>
      <rect x="68" y="78" width="14" height="122" rx="7" fill="#fff" opacity=".14"/>
    </svg>`;

  const lantern = `
    <svg viewBox="0 0 420 400" role="img" aria-label="A lantern over a cup of tea">
      <circle cx="210" cy="200" r="190" fill="#f3e4c8"/><circle cx="210" cy="160" r="104" fill="#f8d9a4"/><circle cx="210" cy="160" r="66" fill="#fbe9c6"/>
      <path d="M210 20v50" stroke="#2f5d50" stroke-width="5"/>
      <rect x="172" y="66" width="76" height="16" rx="6" fill="#2f5d50"/>
      <path d="M168 82h84c18 40 18 92 0 132h-84c-18-40-18-92 0-132z" fill="#d98e3f"/>
      <path d="M196 82c-10 44-10 88 0 132M224 82c10 44 10 88 0 132" stroke="#b26f28" stroke-width="4" fill="none"/>
      <rect x="176" y="212" width="68" height="14" rx="6" fill="#2f5d50"/>
      <path d="M140 286h140c0 52-28 84-70 84s-70-32-70-84z" fill="#fffdf8"/><path d="M280 300c30-6 42 38-8 42" stroke="#fffdf8" stroke-width="12" fill="none"/>
      <ellipse cx="210" cy="287" rx="70" ry="13" fill="#2f5d50"/><ellipse cx="210" cy="287" rx="58" ry="8" fill="#7a9a6a"/>
      <path d="M190 268c-10-12 10-18 0-32M228 268c-10-12 10-18 0-32" stroke="#fff" stroke-width="5" fill="none" stroke-linecap="round" opacity=".8"/>
    </svg>`;

  const basket = () => JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  function put(slugs) {
    if (slugs.length) sessionStorage.setItem(KEY, JSON.stringify(slugs));
    else sessionStorage.removeItem(KEY);
    count();
  }
  function count() {
    const badge = at("#count");
    badge.textContent = basket().length;
    badge.hidden = !basket().length;
  }

  function home() {
    at("#hero").innerHTML = lantern;
    at("#cards").innerHTML = TEAS.map((tea) => `
      <a class="tea" href="/tea/${tea.slug}">${tin(tea)}<div><h3>${tea.name}</h3><p>${tea.kind}</p><span class="price">${money(tea.price)}</span></div></a>`).join("");
  }

  function product() {
    const tea = TEAS.find(({ slug }) => location.pathname.endsWith(`/${slug}`));
    if (!tea) return location.replace("/");
    document.title = `${tea.name} · Lantern & Leaf`;
    at("#tea").innerHTML = `
      <div class="art">${tin(tea)}</div>
      <div><p class="kicker">${tea.kind}</p><h1>${tea.name}</h1><p class="lead">${tea.note}</p>
        <dl class="facts"><dt>From</dt><dd>${tea.from}</dd><dt>Water</dt><dd>${tea.water}</dd><dt>Price</dt><dd class="price">${money(tea.price)} for 80 g</dd></dl>
        <button id="add">Put into the basket</button></div>`;
    at("#add").onclick = () => {
      put([...basket(), tea.slug]);
      at("#add").textContent = "It is in the basket";
    };
  }

  function list() {
    const teas = basket().map((slug) => TEAS.find((tea) => tea.slug === slug)).filter(Boolean);
    if (!teas.length) return (at("#basket").innerHTML = '<p class="lead">It is empty. <a href="/">Have a look at the teas</a></p>');
    at("#basket").innerHTML = `${teas.map((tea, place) => `
      <div class="row">${tin(tea)}<div class="grow"><b>${tea.name}</b><br><span class="hint">${tea.kind}, 80 g</span></div>
      <span class="price">${money(tea.price)}</span><button class="plain small" data-place="${place}">Remove</button></div>`).join("")}
      <div class="sum"><span>Together</span><span>${money(teas.reduce((sum, { price }) => sum + price, 0))}</span></div>
      <a class="button" href="/checkout/address">To the checkout</a>`;
    for (const button of at("#basket").querySelectorAll("[data-place]"))
      button.onclick = () => {
        put(basket().filter((_, place) => place !== Number(button.dataset.place)));
        list();
      };
  }

  const field = (name, value) => `<label><span>${name}</span><input type="text" value="${value}" readonly></label>`;
  const STEPS = {
    address: `<h2>Where to?</h2>${field("Name", "Ada Example")}${field("Street", "1 Sample Street")}${field("Town", "00000 Nowhere")}`,
    delivery: `<h2>How?</h2>${field("By", "Paper boat, three to five days")}`,
    pay: `<h2>Play money</h2><p class="hint">No card, no account: this shop takes what children take.</p>${field("With", "Twelve buttons and a shell")}`,
    done: `<h2>Thank you.</h2><p class="lead">Your tea is on its way to nowhere. <a href="/">Back to the teas</a></p>`,
  };
  const WORDS = { address: "To the delivery", delivery: "To the payment", pay: "Pay with buttons" };

  function checkout() {
    const names = Object.keys(STEPS);
    const now = location.pathname.split("/")[2] || "address";
    const place = Math.max(0, names.indexOf(now));
    at("#step").innerHTML = STEPS[names[place]] + (WORDS[names[place]] ? `<div class="buttons"><button id="next">${WORDS[names[place]]}</button></div>` : "");
    for (const item of at("#steps").children) {
      const other = names.indexOf(item.dataset.step);
      item.className = other < place ? "past" : other === place ? "now" : "";
    }
    if (names[place] === "done") put([]);
    if (at("#next"))
      at("#next").onclick = () => {
        history.pushState(null, "", `/checkout/${names[place + 1]}`);
        checkout();
      };
  }

  count();
  if (at("#cards")) home();
  if (at("#tea")) product();
  if (at("#basket")) list();
  if (at("#step")) {
    addEventListener("popstate", checkout);
    checkout();
  }
})();
