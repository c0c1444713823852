"""Vary and Cache-Control say what an answer depended on."""

import pytest

import mmdb


@pytest.fixture(scope="module")
def site(module_nginx, mmdb):
    return module_nginx(
        "exportsite_geo @world@; exportsite_languages en de ja;", """
        exportsite on;
        location = /language { return 200 $exportsite_language; }
        location = /country  { return 200 $exportsite_country; }
        location = /nothing  { return 200 pumps; }
        location = /off {
            exportsite_vary off;
            return 200 $exportsite_country$exportsite_language;
        }""", world=mmdb.world())


@pytest.mark.parametrize("path, vary, caching", [
    ("/language", "Accept-Language", None),
    ("/country", None, "private"),
    ("/nothing", None, None),
    ("/off", None, None),
])
def test_an_answer_tells_what_it_depended_on(site, path, vary, caching):
    answer = site.get(path, headers=[("Accept-Language", "de")])
    assert answer.header("Vary") == vary
    assert answer.header("Cache-Control") == caching
