"""Who the visitor is: the signed cookie, its keys, ids of the site's own."""

import base64
import re
import string
import subprocess

import pytest

import conf
import cookies
import httpclient
import webserver
from cookies import NAME, PAGE, first_visit, jar

SECRET = "exportsite_secret @dir@/secret; exportsite_consent on;\n"
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@pytest.fixture(scope="module")
def site(module_nginx):
    site = module_nginx(
        SECRET, PAGE + conf.echo("visitor", "new", "consent")
        + "location /files/ { exportsite on; alias @html@/; }\n"
        "location = /json { exportsite on; default_type application/json;"
        "  return 200 '{}'; }\n"
        "location = /off { default_type text/html; return 200 p; }\n"
        "location = /fail { exportsite on; default_type text/html;"
        "  return 500 p; }\n"
        "location = /moved { exportsite on; return 302 /page; }\n"
        "location = /own { exportsite on; exportsite_cookie my_id"
        "  max_age=2h domain=example.com path=/shop samesite=strict"
        "  secure=on; default_type text/html; return 200 p; }\n"
        "location = /secure_off { exportsite on; exportsite_cookie es_vid"
        "  secure=off; default_type text/html; return 200 p; }\n"
        "location = /lax { exportsite on; exportsite_cookie es_vid"
        "  samesite=none secure=on; default_type text/html; return 200 p; }\n")
    site.write("html/a.css", "p { }")
    return site


def test_first_view_makes_an_id(site):
    """A new visitor gets an id of 128 random bits, in a cookie."""
    value, visitor = first_visit(site)
    assert ID.fullmatch(visitor)
    assert len(visitor) >= 22           # 128 bits in base64 at best
    assert value
    others = {first_visit(site)[1] for _ in range(50)}
    assert len(others) == 50 and visitor not in others


def test_cookie_attributes(site):
    """HttpOnly, half a year, the whole site, lax, not Secure over HTTP."""
    _, attributes = site.get("/page").cookie(NAME)
    assert attributes["max-age"] == str(180 * 86400)
    assert attributes["path"] == "/"
    assert attributes["samesite"].lower() == "lax"
    assert "httponly" in attributes
    assert "secure" not in attributes
    assert "domain" not in attributes


def test_cookie_attributes_as_configured(site):
    """Name and every attribute follow the directive."""
    reply = site.get("/own")
    assert reply.cookie(NAME) is None
    _, attributes = reply.cookie("my_id")
    assert attributes["max-age"] == "7200"
    assert attributes["domain"].lstrip(".") == "example.com"
    assert attributes["path"] == "/shop"
    assert attributes["samesite"].lower() == "strict"
    assert "secure" in attributes and "httponly" in attributes
    _, attributes = site.get("/secure_off").cookie(NAME)
    assert "secure" not in attributes
    _, attributes = site.get("/lax").cookie(NAME)
    assert attributes["samesite"].lower() == "none"


def test_the_id_stays(site):
    """With the cookie the id is the same, and it is not new again."""
    value, visitor = first_visit(site)
    for _ in range(3):
        reply = site.get("/page", jar(value))
        assert reply.header("X-Visitor") == visitor
        assert reply.header("X-New", "") == ""
    got = site.vars("/vars", jar(value, more="; other=1"))
    assert got == {"visitor": visitor, "new": "", "consent": "1"}


def test_new_on_the_first_request_only(site):
    """$exportsite_new is 1 on the request that made the id."""
    reply = site.get("/page")
    assert reply.header("X-New") == "1"
    value, _ = reply.cookie(NAME)
    assert site.get("/page", jar(value)).header("X-New", "") == ""


def test_every_forged_cookie_is_a_new_visitor(site):
    """A change of any character makes a stranger of the cookie."""
    value, visitor = first_visit(site)
    with site.session() as session:
        for at, char in enumerate(value):
            other = "A" if char != "A" else "B"
            forged = value[:at] + other + value[at + 1:]
            reply = session.get("/page", jar(forged))
            assert reply.header("X-Visitor") != visitor, (value, forged)
            assert reply.header("X-New") == "1"
            assert reply.cookie(NAME)[0] not in (value, forged)


def test_no_other_spelling_of_a_cookie_is_taken(site):
    """The last characters cannot be varied unseen (unused bits, padding)."""
    value, visitor = first_visit(site)
    forged = [value[:-1] + c for c in string.ascii_letters + string.digits
              + "-_.=" if c != value[-1]]
    forged += [value + "=", value + "A", value + ".", value[:-1],
               value.swapcase(), "A" + value, value + value]
    with site.session() as session:
        for other in forged:
            if other == value:
                continue
            reply = session.get("/page", jar(other))
            assert reply.header("X-Visitor") != visitor, (value, other)


@pytest.mark.parametrize("value", [
    "", "x", ".", "a.b", "." * 100, "A" * 22, "A" * 43, "A" * 4000,
    "../../etc/passwd", "%00", "%0d%0aSet-Cookie:x=y", '"quoted"',
    "\xff\xfe", "a=b=c", "'; DROP TABLE", "*3"])
def test_nonsense_is_a_new_visitor(site, value):
    """Whatever stands in the cookie: a page, and a new id."""
    reply = site.get("/page", jar(value))
    assert reply.status == 200
    assert reply.header("X-New") == "1"
    assert ID.fullmatch(reply.header("X-Visitor"))
    assert len(reply.all("Set-Cookie")) == 1


def test_a_cookie_among_others(site):
    """Ours is found between others, and others like it are not taken."""
    value, visitor = first_visit(site)
    for line in (f"a=1; {NAME}={value}", f"x{NAME}=zz; {NAME}={value}; b=2",
                 f"{NAME}x=zz; {NAME}={value}"):
        got = site.vars("/vars", {"Cookie": line})
        assert got["visitor"] == visitor, line
    got = site.vars("/vars", {"Cookie": f"x{NAME}={value}"})
    assert got["visitor"] != visitor


def test_two_cookie_headers(site):
    """Ours is found in a second Cookie header, too."""
    value, visitor = first_visit(site)
    got = site.vars("/vars", [("Cookie", "a=1"),
                              ("Cookie", f"{NAME}={value}")])
    assert got["visitor"] == visitor


def test_a_foreign_cookie_is_a_new_visitor(site, nginx):
    """An id that another machine's key signed means nothing here."""
    value, visitor = first_visit(nginx(SECRET, PAGE))
    reply = site.get("/page", jar(value))
    assert reply.header("X-Visitor") != visitor
    assert reply.header("X-New") == "1"


def test_machines_with_the_same_key_agree(nginx):
    """Two machines with one key know each other's visitors."""
    one = nginx(SECRET, PAGE)
    two = nginx(SECRET.replace("@dir@/secret", "@key@"), PAGE, key=one.key)
    value, visitor = first_visit(one)
    assert two.get("/page", jar(value)).header("X-Visitor") == visitor


def test_rotation_of_keys(nginx):
    """The first secret signs, all verify; a removed one is forgotten."""
    def secrets(*names):
        return "exportsite_consent on;\n" + "".join(
            f"exportsite_secret @dir@/{name};\n" for name in names)

    site = nginx(secrets("secret"), PAGE)
    for name in ("new", "other"):
        site.write(name, name * 16 + "\n")
    old, visitor = first_visit(site)

    site.reload(http=secrets("new", "secret"))
    assert site.get("/page", jar(old)).header("X-Visitor") == visitor
    fresh, newcomer = first_visit(site)

    site.reload(http=secrets("other", "new", "secret"))
    assert site.get("/page", jar(old)).header("X-Visitor") == visitor
    assert site.get("/page", jar(fresh)).header("X-Visitor") == newcomer

    site.reload(http=secrets("other", "new"))
    assert site.get("/page", jar(old)).header("X-New") == "1"
    assert site.get("/page", jar(fresh)).header("X-Visitor") == newcomer


def test_random_key_is_kept_over_reloads(nginx):
    """Without a secret: a [warn], and ids that outlive a reload."""
    site = nginx("exportsite_consent on;", PAGE)
    assert "[warn]" in site.log()
    value, visitor = first_visit(site)
    site.reload()
    assert site.get("/page", jar(value)).header("X-Visitor") == visitor
    site.kill9_worker()
    assert site.get("/page", jar(value)).header("X-Visitor") == visitor


def test_secret_given_makes_no_warning():
    """With a secret there is nothing to warn of."""
    result = webserver.check(SECRET, "exportsite on;")
    assert result.ok and "[warn]" not in result.text, result.text


@pytest.mark.parametrize("target, status", [
    ("/files/none.html", 404), ("/files/a.css", 200), ("/json", 200),
    ("/fail", 500), ("/moved", 302)])
def test_only_views_set_the_cookie(site, target, status):
    """A missing page, an asset, an error or a redirect sets no cookie."""
    reply = site.get(target)
    assert reply.status == status
    assert reply.cookie(NAME) is None


def test_a_static_page_sets_the_cookie(site):
    """An HTML file is a page."""
    reply = site.get("/files/index.html")
    assert reply.status == 200 and reply.cookie(NAME)


@pytest.mark.parametrize("part, status", [
    ("bytes=0-3", 206), ("bytes=0-3,5-6", 206), ("bytes=999999-", 416)])
def test_a_part_of_a_page_sets_no_cookie(site, part, status):
    """What is answered with a part, or with an error, is no view."""
    reply = site.get("/files/index.html", {"Range": part})
    assert reply.status == status
    assert reply.cookie(NAME) is None


def test_post_and_head_set_no_cookie(site):
    """A view is a GET request."""
    for method in ("POST", "HEAD"):
        reply = site.request(method, "/page", body=b"x" * (method == "POST"))
        assert reply.status == 200
        assert reply.cookie(NAME) is None, method


def test_prefetch_sets_no_cookie(site):
    """A page that the browser fetches ahead is no view."""
    for value in ("prefetch", "prefetch;prerender"):
        reply = site.get("/page", {"Sec-Purpose": value})
        assert reply.status == 200 and reply.cookie(NAME) is None


@pytest.mark.parametrize("agent", [
    "Mozilla/5.0 (compatible; Googlebot/2.1; "
    "+http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"])
def test_crawlers_get_no_cookie(site, agent):
    """A crawler is shown the page and is not recognised."""
    reply = site.get("/page", {"User-Agent": agent})
    assert reply.status == 200 and reply.cookie(NAME) is None


def test_off_sets_no_cookie(site):
    """Where exportsite is off, nothing happens."""
    assert site.get("/off").cookie(NAME) is None


def test_visit_off_is_an_unknown_visitor(nginx):
    """Where exportsite is off the variables are those of a stranger."""
    site = nginx(SECRET, PAGE + conf.echo(
        "visitor", "new", "consent", "country", "language_source", "segments",
        "crawler", "event", extra=""))
    value, _ = first_visit(site)
    assert site.vars("/vars", jar(value)) == {
        "visitor": "", "new": "", "consent": "", "country": "XX",
        "language_source": "", "segments": "", "crawler": "", "event": ""}


def test_secure_over_tls(nginx):
    """secure=auto: the cookie is Secure on HTTPS."""
    site = nginx(SECRET, "ssl_certificate @dir@/cert.pem;"
                 "ssl_certificate_key @dir@/key.pem;" + PAGE,
                 listen="127.0.0.1:@port@ ssl", start=False)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj",
         "/CN=localhost", "-keyout", site.path("key.pem"), "-out",
         site.path("cert.pem")], check=True, capture_output=True)
    site.start()
    reply = httpclient.request(site.address, "GET", "/page", tls=True)
    _, attributes = reply.cookie(NAME)
    assert "secure" in attributes


# -- ids of the site's own

def test_visitor_from_a_value(nginx):
    """exportsite_visitor gives the id, and then there is no cookie."""
    site = nginx(SECRET + "exportsite_visitor $arg_v;",
                 PAGE + conf.echo("visitor", "new"))
    reply = site.get("/page?v=Anna-7_b.c")
    assert reply.header("X-Visitor") == "Anna-7_b.c"
    assert reply.cookie(NAME) is None
    assert site.vars("/vars?v=x")["visitor"] == "x"


@pytest.mark.parametrize("value", [
    "", "a%20b", "a/b", "..%2F..%2Fx", "a%0d%0ab", "%00", "x" * 65, "a*",
    "a:b", "ä"])
def test_invalid_ids_are_no_visitor(nginx, value):
    """Anything else than the allowed 1 to 64 characters is no visitor."""
    site = nginx(SECRET + "exportsite_visitor $arg_v;", PAGE)
    reply = site.raw(f"GET /page?v={value} HTTP/1.0\r\n\r\n".encode())
    assert b" 200 " in reply.split(b"\r\n")[0]
    assert b"X-Visitor" not in reply
    assert b"Set-Cookie" not in reply


def test_longest_id(nginx):
    """64 characters are an id."""
    site = nginx(SECRET + "exportsite_visitor $cookie_sub;", PAGE)
    name = "x" * 64
    assert site.get("/page", {"Cookie": "sub=" + name}).header(
        "X-Visitor") == name


def test_visitor_needs_consent(nginx):
    """An id of the site's own is under the same consent."""
    site = nginx("exportsite_secret @dir@/secret; exportsite_visitor $arg_v;"
                 "exportsite_consent $arg_c;", PAGE)
    assert site.get("/page?v=a&c=1").header("X-Visitor") == "a"
    assert site.get("/page?v=a&c=0").header("X-Visitor", "") == ""


@pytest.fixture
def members(nginx, redis):
    """A site with passwords, where the visitor is the user."""
    redis("HSET", "es:profile:anna", "industry", "medical")
    site = nginx(
        "exportsite_redis @redis@ timeout=1s; exportsite_consent on;"
        "exportsite_industries medical food;",
        "exportsite on phase=access; exportsite_visitor $remote_user;"
        "auth_basic members; auth_basic_user_file @dir@/users;"
        "add_header X-Visitor $exportsite_visitor always;"
        "location / { try_files /$exportsite_industry.html /index.html; }",
        redis=redis, start=False)
    site.write("users", "anna:{PLAIN}right\n")
    site.write("html/medical.html", "medical")
    return site.start()


def basic(user, password):
    word = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": "Basic " + word}


def test_access_phase_knows_the_user(members):
    """phase=access resolves after the password, before try_files."""
    reply = members.get("/x.html", basic("anna", "right"))
    assert reply.status == 200
    assert reply.header("X-Visitor") == "anna"
    assert reply.text == "medical"
    assert reply.cookie(NAME) is None


def test_access_phase_below_a_server_that_is_on(nginx, redis):
    """A location's phase=access counts, though its server is on already."""
    redis("HSET", "es:profile:anna", "industry", "medical")
    site = nginx(
        "exportsite_redis @redis@ timeout=1s; exportsite_consent on;"
        "exportsite_industries medical food;",
        "exportsite on;"
        "location / { exportsite on phase=access;"
        "exportsite_visitor $remote_user;"
        "auth_basic members; auth_basic_user_file @dir@/users;"
        "add_header X-Visitor $exportsite_visitor always;"
        "try_files /$exportsite_industry.html /index.html; }",
        redis=redis, start=False)
    site.write("users", "anna:{PLAIN}right\n")
    site.write("html/medical.html", "medical")
    reply = site.start().get("/x.html", basic("anna", "right"))
    assert reply.header("X-Visitor") == "anna"
    assert reply.text == "medical"


def test_access_phase_and_a_wrong_password(members):
    """Who has no password is nobody, whatever name is claimed."""
    reply = members.get("/x.html", basic("anna", "wrong"))
    assert reply.status == 401
    assert reply.header("X-Visitor", "") == ""
    assert members.get("/x.html").status == 401


# -- settings of a location

def test_cookie_name_of_a_location(site):
    """A location's own cookie name is not read elsewhere."""
    value, _ = site.get("/own").cookie("my_id")
    got = site.vars("/vars", jar(value, "my_id"))
    assert got["visitor"] and got["new"] == "1"
    assert cookies.is_deleted(site.get("/page", jar(value, "my_id"))) is False
