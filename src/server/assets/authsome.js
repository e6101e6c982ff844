// What pages do beyond links and forms. Every page works without it; nothing here decides anything.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Times: how long ago, kept true while the page is open.
const UNITS = [["day", 86400], ["h", 3600], ["min", 60]];
const inWords = (seconds) => {
  const size = Math.abs(seconds);
  if (size < 45) return seconds > 0 ? "in a moment" : "just now";
  let [unit, count] = ["min", 1];
  for (const [name, length] of UNITS) {
    if (size >= length) {
      [unit, count] = [name, Math.floor(size / length)];
      break;
    }
  }
  const text = `${count} ${unit}${unit === "day" && count !== 1 ? "s" : ""}`;
  return seconds > 0 ? `in ${text}` : `${text} ago`;
};
const tellTimes = () => {
  for (const element of all("time[datetime]")) {
    const seconds = (Date.parse(element.dateTime) - Date.now()) / 1000;
    if (Math.abs(seconds) > 30 * 86400) continue;
    const text = inWords(seconds);
    if (element.textContent !== text) element.textContent = text;
  }
};

// Parts of a page that are told anew, without losing what somebody is doing in them.
const isBusy = (part) => {
  const selected = getSelection();
  return (
    (part.contains(document.activeElement) &&
      document.activeElement.matches("input, select, textarea")) ||
    (!selected.isCollapsed && part.contains(selected.anchorNode))
  );
};
// What an element is, from one telling to the next.
const nameOf = (element) => {
  const form = element.closest("form")?.getAttribute("action");
  const own = element.id || element.getAttribute("href");
  return `${element.tagName} ${own || `${form} ${element.ariaLabel || element.textContent}`}`;
};
const tellAnew = (part, other) => {
  const open = all("details[open][id]", part).map((element) => element.id);
  const focused = part.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  part.replaceWith(other);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  const again = focused && all("a, button, summary, [tabindex]", other);
  if (again) again.find((element) => nameOf(element) === focused)?.focus({ preventScroll: true });
};
let refreshing = null;
// A part that somebody was busy in: it is told anew afterwards.
let isLate = false;
const refresh = (address = location.href) => {
  if (refreshing) refreshing.abort();
  const asking = new AbortController();
  refreshing = asking;
  return fetch(address, { signal: asking.signal, headers: { "X-Authsome-Refresh": "1" } })
    .then((answer) => {
      // Signed out in another tab, or ended: the page itself tells.
      if (answer.status === 401) location.reload();
      return answer.ok ? answer.text() : null;
    })
    .then((text) => {
      if (!text) return;
      const fresh = new DOMParser().parseFromString(text, "text/html");
      isLate = false;
      for (const part of all("[data-part]")) {
        const other = fresh.getElementById(part.id);
        if (!other || part.innerHTML === other.innerHTML) continue;
        if (isBusy(part)) isLate = true;
        else tellAnew(part, document.adoptNode(other));
      }
      prepare();
    })
    .catch(() => {});
};

// Something happened elsewhere: the daemon says that, and the page asks what.
let soon = 0;
const refreshSoon = () => {
  clearTimeout(soon);
  soon = setTimeout(refresh, 100);
};
for (const done of ["focusout", "selectionchange"]) {
  document.addEventListener(done, () => isLate && refreshSoon());
}
const listen = () => {
  if (!document.body.dataset.live || !document.querySelector("[data-part]")) return;
  const address = new URL(document.body.dataset.live, location.href);
  let source = null;
  let again = 0;
  const close = () => {
    clearTimeout(again);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    // The daemon tells at once when something has happened since.
    source = new EventSource(address);
    source.addEventListener("changed", (event) => {
      address.searchParams.set("after", event.lastEventId);
      refreshSoon();
    });
    source.addEventListener("ended", () => location.reload());
    source.addEventListener("error", () => {
      // What breaks off the browser opens again by itself; what is refused it does not.
      if (source?.readyState !== EventSource.CLOSED) return;
      refreshSoon();
      again = setTimeout(open, 30000);
    });
  };
  // Browsers allow few connections to one place: only the tab that is seen holds one.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  if (!document.hidden) open();
};

// A page that waits for something elsewhere looks again every few seconds, and is left for what it has become.
const poll = () => {
  const seconds = Number(document.body.dataset.poll);
  if (!seconds) return;
  const look = () =>
    fetch(location.href)
      .then((answer) => answer.text())
      .then((text) => {
        const fresh = new DOMParser().parseFromString(text, "text/html");
        if (!fresh.body.dataset.poll) location.reload();
      })
      .catch(() => {});
  setInterval(look, seconds * 1000);
};

// What ends by itself at a known time is told anew then.
let alarm = 0;
const setAlarm = () => {
  clearTimeout(alarm);
  const times = all("[data-until]").map((element) => Date.parse(element.dataset.until) - Date.now());
  const next = Math.min(...times.filter((left) => left > 0));
  if (next < 2 ** 31) alarm = setTimeout(refresh, next + 500);
};

// A secret that is shown is masked again after some seconds.
const mask = () => {
  for (const element of all("[data-mask-after]")) {
    if (element.dataset.masking) continue;
    element.dataset.masking = "1";
    setTimeout(() => {
      location.replace(element.dataset.maskTo);
    }, Number(element.dataset.maskAfter) * 1000);
  }
};

const copy = () => {
  for (const button of all("button[data-copy]")) {
    button.hidden = false;
    button.onclick = () => {
      const text = document.getElementById(button.dataset.copy).textContent.trim();
      navigator.clipboard.writeText(text).then(() => {
        const said = button.textContent;
        button.textContent = "Copied";
        setTimeout(() => (button.textContent = said), 1500);
      });
    };
  }
};

// A search form answers while one types.
const search = () => {
  for (const form of all("form[data-instant]")) {
    if (form.dataset.ready) continue;
    form.dataset.ready = "1";
    let typing = 0;
    const ask = () => {
      const fields = [...new FormData(form)].filter(([, value]) => value !== "");
      const query = new URLSearchParams(fields).toString();
      const address = form.getAttribute("action") + (query ? `?${query}` : "");
      history.replaceState(null, "", address);
      refresh(address);
    };
    form.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(ask, 150);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(typing);
      ask();
    });
  }
};

const prepare = () => {
  tellTimes();
  setAlarm();
  mask();
  copy();
  search();
};

prepare();
listen();
poll();
setInterval(tellTimes, 15000);
