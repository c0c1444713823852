/*
 * What visitors do on a page, told to the site's own server.
 *
 * The server sends this function, minified (scripts/make-script), as a call:
 *
 *   cookie  the cookie that holds the visitor's consent, "" if none does
 *   optout  the browser signals that the site heeds, of "gpc dnt"
 *
 * Three rules. The page comes first: nothing in here may throw into it, delay
 * it or change what it sees. Nothing is kept in the browser. What goes out is
 * within the collector's limits, since it refuses a batch as a whole.
 *
 * The language is ES2015, for browsers of the last years as they are.
 */
(function (cookie, optout) {
    const safe = (work) => (...given) => {
        try {
            return work(...given);
        } catch (error) {
            // an event less is better than a page that stops
        }
    };

    safe(() => {
        const BATCH = 32, BATCH_BYTES = 8192, BATCH_MS = 1000;
        const SAME_CLICK_MS = 20;
        const LABEL_BYTES = 256, PATH_LENGTH = 3072;
        const YEAR_HALF = 180 * 86400;
        const FILES = /\.(7z|apk|csv|deb|dmg|docx?|dwg|dxf|epub|exe|gz|ics|iso|mp[34]|msi|od[pst]|pdf|pkg|pptx?|rar|rpm|rtf|ste?p|stl|tgz|txt|vcf|xlsx?|zip)$/i;

        const script = document.currentScript;

        // Without an address of its own it knows no collector. A second copy
        // (one of the page's, one by exportsite_script) would count everything
        // twice; an element with this id is no copy.
        if (!script || !script.src || (window.exportsite || "").track) {
            return;
        }

        const url = script.src.split(/[?#]/)[0];
        const refused = /gpc/.test(optout)
                && navigator.globalPrivacyControl === true
            || /dnt/.test(optout)
                && [navigator.doNotTrack, window.doNotTrack].includes("1");

        let view;                       // the id of this page's view
        let path;                       // where the visitor is just now
        let queue = [], bytes = 0, timer = 0;
        let since = -1, seen = 0;       // visible since when, and how long yet
        let top = 0, deepest = 0, told = 0;
        let last, clicked;

        const visible = () => document.visibilityState == "visible";

        // the capturing phase comes before handlers that stop an event
        const on = safe((type, work) =>
            addEventListener(type, safe(work), true));

        // -- words

        // Not JSON.stringify(): old libraries give strings and arrays a
        // toJSON() that makes something else of them.
        const quote = (text) => '"' + text.replace(/["\\\x01-\x1f]/g, (c) =>
            "\\u00" + ("0" + c.charCodeAt(0).toString(16)).slice(-2)) + '"';

        const utf8 = (text) => new TextEncoder().encode(text);

        // The encoder mends halves of surrogate pairs, which no JSON may
        // have; a decoder in the middle of a stream leaves half a character.
        const cut = (text) => new TextDecoder().decode(
            utf8(String(text).replace(/\0/g, "?").slice(0, LABEL_BYTES))
                .subarray(0, LABEL_BYTES), { stream: true });

        // The collector decodes it, and keeps 1,024 bytes; these are three
        // each at most, so that a cut escape is never among them.
        const here = () =>
            location.pathname.replace(/%00/g, "%3F").slice(0, PATH_LENGTH);

        const readable = (to) => safe(decodeURIComponent)(to) || to;

        // -- sending

        const send = safe(() => {
            const body = "[" + queue.join() + "]";

            clearTimeout(timer);
            timer = 0;

            if (queue.length) {
                queue = [];
                bytes = 0;

                // a beacon outlives the page; it may be missing, broken by
                // the page, or have more under way than the browser allows
                safe(() => navigator.sendBeacon(
                    url, new Blob([body], { type: "application/json" })))()
                || safe(() => fetch(url, {
                    method: "POST",
                    body: body,
                    headers: { "Content-Type": "application/json" },
                    credentials: "include",
                    keepalive: true
                }).catch(() => {}))();
            }
        });

        // Some browsers know the headers of the page only when all of it has
        // come: asked for with every event until they do.
        const identify = safe(() => {
            performance.getEntriesByType("navigation")[0].serverTiming.forEach(
                (entry) => {
                    if (entry.name == "es"
                        && /^[0-9a-f]{24}$/.test(entry.description))
                    {
                        view = entry.description;
                    }
                });
        });

        const put = (type, label, value, ms) => {
            const text = label == null ? "" : cut(label);
            let event = '{"type":' + quote(type) + ',"path":' + quote(path);

            if (text) {
                event += ',"label":' + quote(text);
            }

            // 1e20 as 100000000000000000000 is an integer, and too big for one
            if (Number.isFinite(value)) {
                event += ',"value":'
                    + (Math.abs(value) < 1e15 ? value : value.toExponential());
            }

            if (ms >= 0 && ms < 9e15) {
                event += ',"ms":' + Math.round(ms);
            }

            if (!view) {
                identify();
            }

            if (view) {
                event += ',"page":"' + view + '"';
            }

            event += "}";

            // each with its comma; the batch has one bracket more than that
            const size = utf8(event).length + 1;

            if (queue.length == BATCH || bytes + size + 1 > BATCH_BYTES) {
                send();
            }

            queue.push(event);
            bytes += size;
        };

        const add = (...event) => {
            put(...event);

            // a page that nobody sees may never run a timer again
            if (!visible()) {
                send();
            } else {
                timer = timer || setTimeout(send, BATCH_MS);
            }

            return true;
        };

        // -- time and depth

        const clock = safe((run) => {
            const now = performance.now();

            if (since >= 0) {
                seen += now - since;
            }

            since = run ? now : -1;
        });

        const settle = (run) => {
            clock(run);

            if (Math.round(seen)) {
                put("dwell", null, null, seen);
                seen = 0;
            }

            if (deepest > told) {
                put("scroll", null, deepest);
                told = deepest;
            }
        };

        // When a page is left, pagehide comes first and visibilitychange
        // after it, in browsers that send both; the second finds nothing.
        const leave = () => {
            settle(false);
            send();
        };

        const look = () => visible() ? clock(true) : leave();

        // Of whatever is scrolled in the page, only the page itself changes
        // these. Only down: a single-page application that goes back to the top for
        // its next page is not a visitor who scrolls.
        const scroll = () => {
            const y = Math.max(0, pageYOffset);
            const all = document.scrollingElement.scrollHeight;

            if (y > top) {
                deepest = Math.max(deepest, Math.min(100, Math.round(
                    100 * (y + innerHeight) / all)));
            }

            top = y;
        };

        const moved = safe(() => {
            const to = here();

            if (to != path) {
                settle(visible());
                path = to;
                deepest = told = 0;
                add("view");
            }
        });

        // -- clicks and goals

        // the path of an event leads out of shadow trees, closest() does not
        const find = (event, selector) => event.composedPath
            ? event.composedPath().find(
                (node) => node.matches && node.matches(selector))
            : event.target.closest(selector);

        // Never a query or a fragment: there are names and tokens in them.
        // The same goes for the address in a mailto:.
        const name = safe((link) => {
            const to = new URL(link.getAttribute("href"), document.baseURI);

            if (!/^http/.test(to.protocol)) {
                return to.protocol;
            }

            if (to.host != location.host) {
                return "outbound:" + to.origin + readable(to.pathname);
            }

            return (link.hasAttribute("download") || FILES.test(to.pathname)
                ? "download:" : "") + readable(to.pathname);
        });

        const data = (element, name) =>
            (element.getAttribute("data-es-" + name) || "").trim();

        const reach = (element) => {
            const value = data(element, "value");

            add("goal", data(element, "goal"), value ? Number(value) : null);
        };

        const click = (event) => {
            const link = find(event, "a[href],area[href]");
            const labelled = find(event, "[data-es-label]");
            const goal = find(event, "[data-es-goal]:not(form)");
            const what = labelled || link || goal;

            // auxclick is the right button as well, which goes nowhere
            if (event.type == "auxclick" && (event.button != 1 || !link)) {
                return;
            }

            // A <label> makes a second click, on its <input>, of the first;
            // no hand is as quick. Time is that of the event, so that clicks
            // which waited for a busy page are not taken for one.
            if (!what
                || what == last && event.timeStamp - clicked < SAME_CLICK_MS)
            {
                return;
            }

            last = what;
            clicked = event.timeStamp;

            if (link || labelled) {
                add("click",
                    labelled && data(labelled, "label") || link && name(link));
            }

            if (goal) {
                reach(goal);
            }
        };

        // -- what pages may call

        window.exportsite = {
            track: (type, more) => !refused && safe(() => {
                const given = more || {};

                return type.match(/^[a-z0-9_-]{1,32}$/)
                    && add(type, given.label, given.value, given.ms);
            })() || false,

            // Works whatever the browser's signals say: a banner has to
            // remember its answer. The server heeds them itself.
            consent: (given) => cookie && safe(() => {
                const pair = cookie + "=" + (given === true ? 1 : 0);

                document.cookie = pair + ";path=/;max-age=" + YEAR_HALF
                    + ";samesite=lax"
                    + (location.protocol == "https:" ? ";secure" : "");

                return document.cookie.split("; ").includes(pair);
            })() || false
        };

        if (refused) {
            return;
        }

        path = here();
        top = pageYOffset;

        look();
        on("visibilitychange", look);
        on("pagehide", leave);
        on("pageshow", look);
        on("scroll", scroll);

        on("click", click);
        on("auxclick", click);
        on("submit", (event) =>
            event.target.matches("[data-es-goal]") && reach(event.target));

        on("popstate", moved);
        safe(() => {
            const push = history.pushState;

            // what is missing must stay missing, for who looks whether it is
            if (push) {
                history.pushState = function (...given) {
                    const result = push.apply(this, given);

                    moved();

                    return result;
                };
            }
        })();
    })();
})
