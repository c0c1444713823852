"""A real Chromium without a screen, driven by its own driver."""

import os
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from wait import until

BINARY = os.environ.get("CHROMIUM") or shutil.which("chromium") \
    or "/usr/bin/chromium"
DRIVER = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver") \
    or "/usr/bin/chromedriver"

# Nobody is asked for anything but the test's own servers; names of sites that
# are none lead to them.
FLAGS = """
    --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage
    --no-first-run --no-default-browser-check --disable-extensions
    --disable-background-networking --disable-component-update --disable-sync
    --disable-default-apps --disable-domain-reliability --no-pings
    --disable-client-side-phishing-detection --disable-breakpad
    --metrics-recording-only --no-proxy-server --mute-audio
    --password-store=basic --window-size=1000,700
    """.split()

# A page's own watch: for how long this tab has seen pages that have it, since
# their scripts began. The machine may be busy, and what is measured measures
# as well, so there are two: the least that it can be, and the most.
WATCH = """<script>
  const visible = () => document.visibilityState == "visible";
  const watch = { began: visible() ? performance.now() : null };
  const turn = (on, name) => { watch[on ? name[0] : name[1]] = performance.now(); };
  const before = (on) => turn(on, ["began", "ended"]);
  const after = (on) => {
    turn(on, ["begun", "over"]);
    if (on || watch.began === null) return;
    const sum = (name, more) =>
      sessionStorage[name] = Number(sessionStorage[name] || 0) + more;
    sum("least", watch.ended - watch.begun);
    sum("most", watch.over - watch.began);
    watch.began = null;
  };
  addEventListener("DOMContentLoaded", () => visible() && after(true));
  for (const [call, first] of [[before, true], [after, false]]) {
    addEventListener("visibilitychange", () => call(visible()), first);
    addEventListener("pagehide", () => call(false), first);
  }
</script>"""


class Browser:
    """One Chromium with a profile of its own.

    A test begins with one empty tab, no cookies and nothing cached: fresh().
    It says "HeadlessChrome" of itself, as others' tests of a site do.
    """

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="exportsite-browser-")
        options = Options()
        options.binary_location = BINARY
        for flag in FLAGS + [
                f"--user-data-dir={self.profile}",
                "--host-resolver-rules=MAP *.test 127.0.0.1"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        try:
            self.driver = webdriver.Chrome(
                service=Service(DRIVER, log_path=os.devnull), options=options)
        except BaseException:
            shutil.rmtree(self.profile, ignore_errors=True)
            raise
        self.driver.set_page_load_timeout(30)
        self.driver.set_script_timeout(30)
        self.scripts = []

    def close(self):
        try:
            self.driver.quit()
        finally:
            shutil.rmtree(self.profile, ignore_errors=True)

    def cdp(self, command, **arguments):
        """A command of the DevTools protocol, to the tab in front."""
        return self.driver.execute_cdp_cmd(command, arguments)

    def fresh(self):
        """Forget everything, and begin again with one empty tab."""
        old = self.driver.window_handles
        self.driver.switch_to.window(old[0])
        for name in self.scripts:
            self.cdp("Page.removeScriptToEvaluateOnNewDocument",
                     identifier=name)
        self.scripts = []
        self.driver.switch_to.new_window("tab")
        new = self.driver.current_window_handle
        for handle in old:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(new)
        self.cdp("Network.clearBrowserCookies")
        self.cdp("Network.clearBrowserCache")
        self.complaints()
        return self

    def before(self, script):
        """Run a script in every page of this tab before the page's own."""
        made = self.cdp("Page.addScriptToEvaluateOnNewDocument",
                        source=script)
        self.scripts.append(made["identifier"])

    # -- what a visitor does

    def open(self, url):
        self.driver.get(url)

    def leave(self):
        """Go where no script is."""
        self.driver.get("about:blank")

    def click(self, selector):
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def middle_click(self, selector, button="middle"):
        """As people do who open a link in a tab behind this one."""
        box = self.js(
            "const b = document.querySelector(arguments[0])"
            ".getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]", selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.cdp("Input.dispatchMouseEvent", type=kind, x=box[0],
                     y=box[1], button=button, clickCount=1)

    def wheel(self, pixels):
        """Turn the mouse's wheel, and wait until the page stands still."""
        before = self.js("return scrollY")
        ActionChains(self.driver).scroll_by_amount(0, pixels).perform()
        until(lambda: abs(self.js("return scrollY") - before - pixels) < 2,
              what=f"the page to be scrolled by {pixels}")

    def hide(self):
        """Open a tab before this one; show() comes back."""
        self.front = self.driver.current_window_handle
        self.driver.switch_to.new_window("tab")

    def show(self):
        self.driver.close()
        self.driver.switch_to.window(self.front)
        until(lambda: self.js("return document.visibilityState") == "visible",
              what="the tab to be seen")

    def type(self, selector, text):
        self.driver.find_element(By.CSS_SELECTOR, selector).send_keys(text)

    # -- what the test wants to know

    def js(self, script, *arguments):
        """What a function with this body returns in the page."""
        return self.driver.execute_script(script, *arguments)

    def near(self, ms):
        """Whether so much is what the watch says, give or take 100 ms."""
        least, most = (float(self.js("return sessionStorage[arguments[0]]",
                                     name)) for name in ("least", "most"))
        assert least - 100 <= ms <= most + 100, (least, ms, most)
        return True

    def complaints(self):
        """What pages wrote to the console since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if "favicon.ico" not in entry["message"]]
