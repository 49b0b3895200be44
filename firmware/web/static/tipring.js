/* Live updates: the server sends the sections that changed, ready to show. Without this file the page reloads itself. */
"use strict";
(() => {
  const words = (name) => document.querySelector(".link-" + name);
  const show = (name) => {
    for (const each of ["plain", "live", "lost"]) words(each).hidden = each !== name;
    document.body.dataset.link = name;
  };
  const source = new EventSource("/events?lang=" + document.documentElement.lang);
  source.addEventListener("open", () => show("live"));
  source.addEventListener("sections", (event) => {
    for (const [name, html] of Object.entries(JSON.parse(event.data))) {
      document.getElementById(name).innerHTML = html;
    }
  });
  source.addEventListener("error", () => {
    show("lost");
    /* The browser retries by itself, except after a refusal: then reload now and then, as without script. */
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
  });
})();
