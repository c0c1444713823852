"""The visitor's cookie, seen from outside."""

NAME = "es_vid"

# what the tests of visitors ask for; "view" is a page, so it sets cookies
PAGE = ("location = /page { exportsite on; default_type text/html; "
        "add_header X-Visitor $exportsite_visitor always; "
        "add_header X-New $exportsite_new always; "
        "add_header X-Consent $exportsite_consent always; "
        "add_header X-Event $exportsite_event always; "
        "return 200 '<p>page</p>'; }\n")


def jar(value, name=NAME, more=""):
    """The Cookie header of a client that has our cookie."""
    return {"Cookie": f"{name}={value}{more}"}


def first_visit(site, target="/page", headers=()):
    """A visit without a cookie: (cookie's value, visitor's id)."""
    reply = site.get(target, headers)
    assert reply.status == 200, reply
    cookie = reply.cookie(NAME)
    assert cookie, f"no cookie was set: {reply}"
    return cookie[0], reply.header("X-Visitor")


def is_deleted(reply, name=NAME):
    """Whether the reply takes our cookie away."""
    cookie = reply.cookie(name)
    if cookie is None:
        return False
    value, attributes = cookie
    if attributes.get("max-age", "").strip() in ("0", "-1"):
        return True
    return value == "" and "1970" in attributes.get("expires", "")
