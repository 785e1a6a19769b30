// The drawer at the bottom: what leaves this browser for remit, as it leaves. Only for the demonstration: a real shop has none.
(() => {
  const sent = [];
  const plain = window.fetch;

  window.fetch = (url, how = {}) => {
    if (how.method === "POST" && String(url).includes("/v1/")) show(String(url), JSON.parse(how.body));
    return plain(url, how);
  };

  function show(url, body) {
    sent.unshift({ path: new URL(url).pathname, body });
    draw();
  }

  function draw() {
    const list = document.querySelector(".glass ol");
    if (!list) return;
    document.querySelector(".glass summary span").textContent = sent.length
      ? `${sent.length} ${sent.length === 1 ? "request" : "requests"} from this page, the last ${JSON.stringify(sent[0].body).length} bytes`
      : "nothing yet";
    list.replaceChildren(...sent.map(({ path, body }) => {
      const item = document.createElement("li");
      const name = document.createElement("b");
      const text = document.createElement("pre");
      name.textContent = `POST ${path}`;
      text.textContent = JSON.stringify(body, null, 1).replace(/\n\s+/g, " ").replace(/"events": \[/, '"events": [\n  ');
      item.append(name, text);
      return item;
    }));
  }

  addEventListener("DOMContentLoaded", () => {
    const drawer = document.createElement("details");
    drawer.className = "glass";
    drawer.innerHTML = "<summary><b>What leaves this browser</b><span></span></summary><ol></ol>";
    document.body.append(drawer);
    draw();
  });
})();
