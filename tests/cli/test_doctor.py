"""exportsite doctor: what is well is said to be well, what is not is found."""

import json
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest

import processes
import program
from mmdb import WORLD, MAKE
from wait import until

MODULE = os.path.abspath(os.environ.get("ES_MODULE", os.path.join(
    program.ROOT, "build", "ngx_exportsite_module.so")))
NGINX = os.environ.get("NGINX") or shutil.which("nginx") or "/usr/sbin/nginx"
DAY = 24 * 60 * 60


@pytest.fixture(scope="module", autouse=True)
def built():
    assert os.path.exists(MODULE), f"{MODULE} is not there: run make"


def write(folder, name, data, mode=0o644):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    os.chmod(path, mode)
    return path


def database(folder, name="country.mmdb", networks=WORLD, days=0):
    """A database that is so many days old."""
    text = "".join(json.dumps({"network": n, "record": r}) + "\n"
                   for n, r in networks)
    path = os.path.join(folder, name)
    subprocess.run(
        ["perl", MAKE, path, "--epoch", str(int(time.time()) - days * DAY)],
        input=text, text=True, check=True, timeout=60)
    return path


class Site:
    """A folder with a configuration of nginx and what it names."""

    def __init__(self, folder, redis=None):
        self.folder = folder
        self.module = MODULE
        self.redis = f"exportsite_redis {redis};" if redis else ""
        self.more = ""
        self.geo = f"exportsite_geo {database(folder)};"

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name="nginx.conf"):
        return write(self.folder, name, f"""
            load_module "{self.module}";
            error_log stderr;
            pid {self.folder}/pid;
            events {{ }}
            http {{
                access_log off;
                client_body_temp_path {self.folder}/t1;
                proxy_temp_path {self.folder}/t2;
                fastcgi_temp_path {self.folder}/t3;
                uwsgi_temp_path {self.folder}/t4;
                scgi_temp_path {self.folder}/t5;
                exportsite_zone test:1m;
                {self.redis}
                {self.geo}
                {self.more}
                server {{
                    listen unix:{self.folder}/http.sock;
                    exportsite on;
                }}
            }}
        """)


class Lines:
    """What the doctor said; lines of a check by its name."""

    def __init__(self, result):
        self.result = result
        self.code = result.code
        self.all = []
        for line in result.lines[:-1]:
            found = re.match(r"(ok|warning|failure) +(\S+) +(\S.*)$", line)
            assert found, f"a line of another kind: {line!r}\n{result}"
            self.all.append(found.groups())
        last = re.match(r"(\d+) ok, (\d+) warnings?, (\d+) failures?$",
                        result.lines[-1])
        assert last, result
        assert [int(n) for n in last.groups()] == [
            sum(line[0] == word for line in self.all)
            for word in ("ok", "warning", "failure")], result
        assert self.code == (1 if int(last[3]) else 0), result
        assert result.err == "", result

    def of(self, about, result=None):
        """The texts of the lines about something, of a result."""
        return [text for word, name, text in self.all
                if name == about and result in (None, word)]

    def one(self, about, result):
        found = self.of(about, result)
        assert len(found) == 1, \
            f"{len(found)} lines {result} of {about}\n{self.result}"
        return found[0]


@pytest.fixture
def site(redis, scratch):
    return Site(scratch, redis)


@pytest.fixture
def doctor(run, site):
    """doctor(*args) looks at the site as it is then."""
    def look(*args, conf=True, **how):
        if conf is True:
            args += ("--conf", site.write())
        return Lines(run("doctor", *args, **how))
    return look


@pytest.fixture
def redis_only(run):
    """doctor without nginx: what is about Redis alone."""
    def look(*args, **how):
        return Lines(run("doctor", "--nginx", "/nonexistent", *args, **how))
    return look


def fake_nginx(folder, version="1.26.0", arguments="--with-compat", dump="",
               name="nginx", test="exit 0", dumps="exit 0"):
    """A program that answers as an nginx would."""
    write(folder, "dump", dump)
    return write(folder, name, f"""#!/bin/sh
        case $1 in
        -V) echo "nginx version: nginx/{version}" >&2
            echo "configure arguments: {arguments}" >&2 ;;
        -T) cat {folder}/dump; {dumps} ;;
        -t) {test} ;;
        esac
        """, 0o755)


# -- all is well

def test_a_site_in_order_has_neither_warnings_nor_failures(
        new_redis, scratch):
    redis = new_redis(aof=True)
    site = Site(scratch, redis)
    site.more = "exportsite_stream events spool=" + site.path("spool") + ";"
    redis("HSET", "es:segments", "dach", "country in (DE, AT, CH)")
    redis("HSET", "es:topics", "pumps", 'path ~ "^/pumps/"')
    redis("HSET", "es:scores", "quote", "25 when type = goal")
    redis("HSET", "es:settings", "visit_minutes", "20")
    redis("SCRIPT", "LOAD", batch_script())
    redis("XADD", "es:events", "*", "id", "1", "ts",
          str(int(time.time() * 1000)), "type", "view")
    redis("XGROUP", "CREATE", "es:events", "learn", "$")
    redis("SET", "es:lease:{es:events}:learn", "me", "PX", "60000")

    lines = Lines(program.run("doctor", "--conf", site.write(),
                              address=redis))

    assert [line for line in lines.all if line[0] != "ok"] == [], lines.result
    assert lines.code == 0
    for about in ("nginx", "nginx.conf", "module", "database", "redis",
                  "memory", "disk", "clock", "keys", "sites", "stream",
                  "learner", "segments", "topics", "scores", "settings",
                  "errors", "spool"):
        assert lines.of(about, "ok"), f"nothing of {about}\n{lines.result}"


def batch_script():
    """The script by which sites write, as it stands in the sources."""
    path = os.path.join(program.ROOT, "ngx_exportsite_module/redis/keys.c")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = text.split("es_batch_script[] =", 1)[1].split(";\n\n", 1)[0]
    return "".join(piece.encode().decode("unicode_escape")
                   for piece in re.findall(r'^\s*"(.*)"$', text, re.M))


def test_nothing_is_changed(redis, doctor):
    redis("HSET", "es:segments", "bad", "country =")
    before = redis("DBSIZE"), redis("HGETALL", "es:segments")
    doctor()
    assert (redis("DBSIZE"), redis("HGETALL", "es:segments")) == before
    assert redis.calls("del") == redis.calls("set") == redis.calls("keys") == 0


def test_without_arguments_it_looks_at_what_there_is(run):
    lines = Lines(run("doctor"))
    assert lines.of("nginx"), lines.result
    assert lines.one("redis", "ok")


def test_answers_in_json(redis, run, site):
    redis("HSET", "es:segments", "bad", "contry = DE")
    result = run("doctor", "--json", "--conf", site.write())
    said = json.loads(result.out)
    assert result.code == 1
    assert said["failures"] == 1
    assert said["ok"] + said["warnings"] + 1 == len(said["checks"])
    bad = [check for check in said["checks"] if check["result"] == "failure"]
    assert bad[0]["check"] == "segments"
    assert "did you mean" in bad[0]["text"]
    assert "segment set" in bad[0]["remedy"]


def test_on_a_terminal_the_remedy_has_a_line_of_its_own(redis, on_terminal):
    redis("HSET", "es:segments", "bad\033[31m", "country =")
    out = on_terminal("doctor", "--nginx", "/nonexistent").out
    assert re.search(r"^ +-> exportsite segment set", out, re.M), out
    assert "\033[31mfailure" in out
    assert "bad\033" not in out and "bad?[31m" in out


# -- nginx and its configuration

def test_nginx_that_is_not_there(run):
    lines = Lines(run("doctor", "--nginx", "/nonexistent/nginx"))
    assert "/nonexistent/nginx" in lines.one("nginx", "failure")


def test_a_program_that_is_no_nginx(run):
    assert "does not answer -V" in Lines(
        run("doctor", "--nginx", "/bin/true")).one("nginx", "failure")


def test_machine_without_nginx_is_worth_a_warning_only(run, scratch):
    if any(os.path.exists(f"{folder}/nginx") for folder in (
            "/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin")):
        pytest.skip("there is an nginx where it usually is")
    lines = Lines(run("doctor", env={"PATH": scratch}))
    assert "run doctor where nginx is" in lines.one("nginx", "warning")


def test_configuration_that_nginx_refuses(doctor, site):
    site.more = "exportsite_redis_typo x;"
    text = doctor().one("nginx.conf", "failure")
    assert 'unknown directive "exportsite_redis_typo"' in text
    assert site.path("nginx.conf") in text


def test_configuration_without_anything_of_ours(run, scratch):
    conf = write(scratch, "nginx.conf", f"pid {scratch}/pid; events {{ }}")
    lines = Lines(run("doctor", "--conf", conf))
    assert "nothing of exportsite" in lines.one("nginx.conf", "warning")
    assert "conf/README.md" in lines.one("nginx.conf", "warning")


def test_configuration_that_is_not_there(run):
    lines = Lines(run("doctor", "--conf", "/nonexistent/nginx.conf"))
    assert "No such file" in lines.one("nginx.conf", "failure")


DUMP = r"""
# configuration file /etc/nginx/nginx.conf:
events { worker_connections 100; }
http {
    # exportsite_redis 127.0.0.1:1;
    log_format f '$remote_addr "{;}" # \' exportsite_redis 127.0.0.1:2;';
    map $uri $x { ~^/a{2}$ "b;c"; default ${uri}x; "exportsite_redis" 1; }
    access_by_lua_block {
        -- don't stop at that }
        local s = "}" .. '\'}' x = { a = { } }
    }
    include /etc/nginx/conf.d/*.conf;
}

# configuration file /etc/nginx/conf.d/broken.conf:
add_header X "never ended;

# configuration file /etc/nginx/conf.d/exportsite.conf:
exportsite_redis  'unix:@SOCKET@'
                  "prefix=x\"y:"  db=3;   # the site's own
exportsite_stream "clicks"
    maxlen=500;
exportsite_industries a b; exportsite_industries "c";
"""


def test_redis_and_stream_are_taken_from_nginx(redis, scratch):
    """Quotes, escapes, comments and blocks are read as nginx reads them."""
    program_ = fake_nginx(scratch, dump=DUMP.replace("@SOCKET@", redis.socket))
    redis("SELECT", "3")
    redis("HSET", 'x"y:segments', "one", "country = DE")
    for _ in range(2000):
        redis("XADD", 'x"y:clicks', "*", "a", "b")

    lines = Lines(program.run("doctor", "--nginx", program_))

    assert redis.socket in lines.one("redis", "ok")
    assert "1 is in order" in lines.one("segments", "ok")
    assert "2000 events, though maxlen= is 500" in lines.one("stream",
                                                             "warning")


def test_options_win_over_nginx(redis, new_redis, scratch):
    other = new_redis()
    program_ = fake_nginx(scratch, dump=f"exportsite_redis {other} prefix=x: "
                                        "db=2; exportsite_stream clicks;")
    redis("SELECT", "5")
    redis("HSET", "p:segments", "one", "country = DE")
    redis("XADD", "p:mine", "*", "a", "b")
    lines = Lines(program.run(
        "doctor", "--nginx", program_, "--redis", str(redis), "--db", "5",
        "--prefix", "p:", "--stream", "mine"))
    assert redis.socket in lines.one("redis", "ok")
    assert other.socket in lines.one("redis", "warning")
    assert "1 is in order" in lines.one("segments", "ok")
    assert "1 of 1000000" in lines.one("stream", "ok")


def test_password_is_taken_from_nginx(new_redis, scratch):
    redis = new_redis(options=("--requirepass", "se cret"))
    redis.login = ("se cret",)
    write(scratch, "password", "se cret\n", 0o600)
    conf = write(scratch, "nginx.conf", "")
    program_ = fake_nginx(
        scratch, dump=f"exportsite_redis {redis} password_file=password;")
    lines = Lines(program.run("doctor", "--nginx", program_, "--conf", conf))
    assert lines.one("redis", "ok")

    write(scratch, "password", "wrong\n", 0o600)
    lines = Lines(program.run("doctor", "--nginx", program_, "--conf", conf))
    assert "WRONGPASS" in lines.one("redis", "failure")


def test_configuration_is_read_though_nginx_does_not_take_it(redis, scratch):
    """A module that does not fit is just when nginx -T tells nothing."""
    os.mkdir(os.path.join(scratch, "conf.d"))
    write(scratch, "conf.d/b.conf", f"http {{ exportsite_redis {redis}; }}")
    write(scratch, "conf.d/a.conf", "include conf.d/*.conf;")
    conf = write(scratch, "nginx.conf",
                 f"load_module {MODULE};\ninclude conf.d/*.conf;")
    program_ = fake_nginx(
        scratch, dumps="echo 'nginx: [emerg] 1#1: no good' >&2; exit 1",
        test="echo 'nginx: [emerg] module version' >&2; exit 1")
    lines = Lines(program.run("doctor", "--nginx", program_, "--conf", conf))
    assert "no good" in lines.one("nginx.conf", "failure")
    assert "1#1" not in lines.one("nginx.conf", "failure")
    assert redis.socket in lines.one("redis", "ok")
    assert MODULE in lines.one("module", "failure")


def test_nginx_that_is_run_with_a_prefix(redis, run, scratch):
    """Relative paths are below it, as nginx -p takes them."""
    os.mkdir(os.path.join(scratch, "logs"))
    shutil.copy(MODULE, os.path.join(scratch, "exportsite.so"))
    os.symlink(redis.socket, os.path.join(scratch, "redis.sock"))
    database(scratch)
    write(scratch, "nginx.conf", """
        load_module exportsite.so; error_log stderr; pid nginx.pid; events { }
        http {
            access_log off;
            client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
            uwsgi_temp_path t4; scgi_temp_path t5;
            exportsite_zone test:1m; exportsite_geo country.mmdb;
            exportsite_redis unix:redis.sock; exportsite_stream events spool=sp;
            server { listen unix:http.sock; exportsite on; }
        }""")
    given = ("doctor", "--nginx-prefix", ".", "--conf", "nginx.conf")
    lines = Lines(run(*given, cwd=scratch, env={"EXPORTSITE_REDIS": None}))
    assert lines.of("nginx.conf", "ok") and lines.of("database", "ok")
    assert f"{scratch}/exportsite.so" in lines.one("module", "ok")
    assert f"unix:{scratch}/redis.sock" in lines.one("redis", "ok")
    assert f"{scratch}/sp" in lines.one("spool", "ok")
    # --conf below the prefix, too
    lines = Lines(run("doctor", "--nginx-prefix", scratch, "--conf",
                      "nginx.conf", cwd="/"))
    assert lines.of("nginx.conf", "ok")
    lines = Lines(run("doctor", "--nginx-prefix", "/nonexistent"))
    assert "--nginx-prefix" in lines.one("nginx", "failure")


@pytest.mark.parametrize("debian", [True, False])
def test_module_that_nginx_conf_needs_and_nothing_loads(run, scratch, debian):
    conf = write(scratch, "nginx.conf", f"""
        pid {scratch}/pid; events {{ }} http {{ exportsite_languages en; }}""")
    if debian:
        os.mkdir(os.path.join(scratch, "modules-enabled"))
    lines = Lines(run("doctor", "--conf", conf))
    assert lines.of("nginx.conf", "failure") == []
    text = lines.one("module", "failure")
    assert "nothing loads the module" in text
    assert 'unknown directive "exportsite_languages"' in text
    assert (f">{scratch}/modules-enabled/60-exportsite.conf" if debian
            else f"at the top of {conf}: load_module /") in text


def test_nginx_that_never_ends(run, scratch):
    program_ = fake_nginx(scratch, dumps=f"echo $$ >{scratch}/pid; sleep 100")
    begun = time.monotonic()
    lines = Lines(run("doctor", "--nginx", program_))
    assert 9 < time.monotonic() - begun < 20
    assert "did not end in time" in lines.one("nginx.conf", "failure")
    with open(os.path.join(scratch, "pid"), encoding="ascii") as file:
        group = int(file.read())
    until(lambda: not processes.group(group), 5, "what it started to end")


def test_nginx_that_never_stops_talking(run, scratch):
    program_ = fake_nginx(scratch, dumps="yes '# something'")
    begun = time.monotonic()
    lines = Lines(run("doctor", "--nginx", program_))
    assert time.monotonic() - begun < 9
    assert lines.of("nginx.conf", "failure")


def test_names_of_files_go_through_no_shell(run, scratch):
    folder = os.path.join(scratch, 'a "b" $(touch pwned) ;\n`touch pwned`')
    os.mkdir(folder)
    module = os.path.join(folder, "x.so")
    shutil.copy(MODULE, module)
    conf = write(folder, "nginx.conf", f"pid {scratch}/pid; events {{ }}")
    lines = run("doctor", "--conf", conf, "--module", module, cwd=scratch)
    assert "nginx loads" in lines.out
    assert not os.path.exists(os.path.join(scratch, "pwned"))


# -- the module

def patched(folder, old, new):
    """A copy of the module in which some bytes are others."""
    with open(MODULE, "rb") as file:
        data = file.read()
    assert old in data
    return write(folder, "patched.so", data.replace(old, new))


def signature():
    with open(MODULE, "rb") as file:
        return re.search(rb"\d,\d,\d,[01]{34}", file.read())[0]


def test_module_that_nginx_loads(doctor):
    assert MODULE in doctor().one("module", "ok")


def test_module_of_another_version(doctor, site):
    """A module that was built for nginx 1.26.0, and the nginx of here."""
    said = subprocess.run([NGINX, "-V"], capture_output=True, text=True,
                          check=True).stderr
    a, b, c = map(int, re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", said).groups())
    ours = a * 1000000 + b * 1000 + c
    site.module = patched(site.folder, struct.pack("<Q", ours),
                          struct.pack("<Q", 1099007))
    lines = doctor()
    text = lines.one("module", "failure")
    assert "1.99.7 (1099007)" in text
    assert f"nginx {a}.{b}.{c} ({ours})" in text
    assert "make -B build/ngx_exportsite_module.so" in text
    assert f"install -m 644 build/ngx_exportsite_module.so {site.module}" \
        in text
    assert lines.of("nginx.conf", "failure")
    # and the rest is looked at all the same
    assert lines.one("database", "ok")


def test_module_of_another_configuration(doctor, site):
    ours = signature()
    site.module = patched(site.folder, ours, ours[:-1] + b"0")
    text = doctor().one("module", "failure")
    assert "they differ in --with-compat" in text
    assert ours.decode() in text


def test_nginx_of_another_version_says_how_to_build(run, scratch):
    refuses = ("echo 'nginx: [emerg] module \"x\" version 1022001 instead of "
               "1026003 in x:1' >&2; exit 1")
    program_ = fake_nginx(scratch, "1.26.3", test=refuses)
    text = Lines(run("doctor", "--nginx", program_,
                     "--module", MODULE)).one("module", "failure")
    assert "1026003" in text
    assert "https://nginx.org/download/nginx-1.26.3.tar.gz" in text
    assert "NGINX_SRC=$PWD/nginx-1.26.3" in text
    assert "NGX_CONF_FLAGS" not in text


def test_nginx_without_compat_is_built_for_with_its_arguments(run, scratch):
    program_ = fake_nginx(
        scratch, "1.26.3", test="exit 1",
        arguments="--prefix=/etc/nginx --with-http_ssl_module "
                  "--with-cc-opt='-O2 -g' --without-http_gzip_module "
                  "--add-module=/somewhere/else --with-stream=dynamic")
    text = Lines(run("doctor", "--nginx", program_,
                     "--module", MODULE)).one("module", "failure")
    assert ("NGX_CONF_FLAGS=(--with-http_ssl_module "
            "--without-http_gzip_module)") in text
    assert "nginx-1.26.3/conf_flags" in text


@pytest.mark.parametrize("data, why", [
    (b"", "no shared object"),
    (b"\x7fELF", "no shared object"),
    (b"#!/bin/sh\n" * 100, "no shared object"),
    (b"\x7fELF\x02\x01\x01" + b"\xff" * 500, "not this project's module"),
])
def test_files_that_are_no_module(run, scratch, data, why):
    path = write(scratch, "x.so", data)
    lines = Lines(run("doctor", "--module", path))
    assert why in lines.one("module", "failure")


def test_modules_cut_short_or_damaged(run, scratch):
    """Nothing in a file makes the doctor itself fall over."""
    with open(MODULE, "rb") as file:
        data = file.read()
    for i, cut in enumerate((64, 1000, len(data) // 2, len(data) - 4000)):
        path = write(scratch, f"{i}.so", data[:cut])
        assert Lines(run("doctor", "--module", path)).of("module", "failure")
    for at in (0x28, 0x30, 0x3a, 0x3c, 0x3e):     # of the ELF header
        path = write(scratch, "x.so",
                     data[:at] + b"\xff\xff" + data[at + 2:])
        Lines(run("doctor", "--module", path))


def test_module_that_is_another_one(run, scratch):
    source = write(scratch, "x.c", "int ngx_modules;")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", f"{scratch}/x.so", source],
                   check=True)
    lines = Lines(run("doctor", "--module", f"{scratch}/x.so"))
    assert "not this project's" in lines.one("module", "failure")


def test_module_that_is_not_there(run):
    lines = Lines(run("doctor", "--module", "/nonexistent/x.so"))
    assert "No such file" in lines.one("module", "failure")


def test_module_that_is_a_pipe(run, scratch):
    os.mkfifo(os.path.join(scratch, "x.so"))
    lines = Lines(run("doctor", "--module", os.path.join(scratch, "x.so")))
    assert "no file" in lines.one("module", "failure")


def test_trying_a_module_leaves_nothing_behind(run, site, scratch):
    folder = os.path.join(scratch, "tmp")
    os.mkdir(folder)
    run("doctor", "--conf", site.write(), env={"TMPDIR": folder})
    assert os.listdir(folder) == []


def test_module_in_nginx_itself(run, scratch):
    program_ = fake_nginx(scratch, arguments="--with-compat "
                          "--add-module=/src/ngx_exportsite")
    assert Lines(run("doctor", "--nginx", program_)).one("module", "ok") \
        == "it is part of nginx"


# -- databases

def test_database_that_is_old(doctor, site):
    database(site.folder, days=36)
    assert "36 days old" in doctor().one("database", "warning")


def test_database_of_last_month(doctor, site):
    database(site.folder, days=34)
    assert doctor().one("database", "ok")


@pytest.mark.parametrize("data", [b"", b"x" * 5000])
def test_database_that_is_none(doctor, site, data):
    write(site.folder, "country.mmdb", data)
    lines = doctor()
    assert site.path("country.mmdb") in lines.one("database", "failure")
    assert "knows a country" in lines.one("database", "warning")


def test_database_that_is_not_there(doctor, site):
    os.unlink(site.path("country.mmdb"))
    assert "No such file" in doctor().one("database", "failure")


def test_database_without_countries(doctor, site):
    database(site.folder, networks=[
        ("192.0.2.0/24", {"autonomous_system_number": 64500})])
    assert "knows a country" in doctor().one("database", "warning")


def test_databases_of_which_one_knows_countries(doctor, site):
    asn = database(site.folder, "asn.mmdb", networks=[
        ("192.0.2.0/24", {"autonomous_system_number": 64500})])
    site.more = f"exportsite_geo {asn};"
    lines = doctor()
    assert len(lines.of("database", "ok")) == 2
    assert lines.of("database", "warning") == []


def test_country_by_a_path_of_its_own(doctor, site):
    database(site.folder, networks=[("192.0.2.0/24", {"a": {"b": "AT"}})])
    site.geo = f"exportsite_geo {site.path('country.mmdb')} country=a.b;"
    assert doctor().of("database") == doctor().of("database", "ok")
    site.geo = f"exportsite_geo {site.path('country.mmdb')} country=a.c;"
    assert 'no country at "a.c"' in doctor().one("database", "failure")


def test_country_where_ipinfo_has_it(doctor, site):
    database(site.folder, networks=[("192.0.2.0/24", {"country_code": "AT"})])
    assert doctor().one("database", "ok")
    assert doctor().of("database", "warning") == []


def test_no_database_at_all(doctor, site):
    site.geo = ""
    assert "exportsite_geo FILE" in doctor().one("database", "warning")


# -- Redis itself

def test_redis_that_is_not_there(run, redis):
    redis.kill()
    lines = Lines(run("doctor"))
    assert redis.socket in lines.one("redis", "failure")
    assert "EXPORTSITE_REDIS" in lines.one("redis", "failure")
    assert lines.of("stream") == []


def test_redis_that_is_frozen(redis, redis_only):
    redis.stop()
    begun = time.monotonic()
    assert "no answer within 2 s" in redis_only().one("redis", "failure")
    assert time.monotonic() - begun < 10


def test_option_wins_also_if_it_says_the_default(redis, scratch):
    program_ = fake_nginx(scratch, dump=f"exportsite_redis {redis} prefix=x:; "
                                        "exportsite_stream clicks;")
    redis("HSET", "es:segments", "one", "country = DE")
    args = ("doctor", "--nginx", program_)
    lines = Lines(program.run(*args, "--prefix", "es:"))
    assert "1 is in order" in lines.one("segments", "ok")
    lines = Lines(program.run(*args, "--redis", "127.0.0.1:6379"))
    assert redis.socket in lines.of("redis", "warning")[0]


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_policies_that_throw_keys_away(redis, redis_only, policy):
    redis("CONFIG", "SET", "maxmemory-policy", policy)
    text = redis_only().one("memory", "warning")
    assert policy in text
    assert "CONFIG SET maxmemory-policy noeviction" in text


def test_policy_that_keeps_keys(redis_only):
    assert "noeviction" in redis_only().one("memory", "ok")


def test_memory_that_is_nearly_full(redis, redis_only):
    used = int(re.search(rb"used_memory:(\d+)", redis("INFO", "memory"))[1])
    redis("CONFIG", "SET", "maxmemory", str(used + 100000))
    assert "maxmemory" in redis_only().one("memory", "warning")


def test_log_that_is_off(redis, redis_only):
    text = redis_only().one("disk", "warning")
    assert "loses all" in text and "appendonly yes" in text
    redis("CONFIG", "SET", "save", "3600 1")
    assert "save 3600 1" in redis_only().one("disk", "warning")


def test_replica(redis, redis_only):
    redis("REPLICAOF", "127.0.0.1", "1")
    assert "replica" in redis_only().one("redis", "failure")


class Fake:
    """A Redis in which INFO and TIME are made up; all else is nothing."""

    def __init__(self, folder, info, clock=0.0):
        self.path = os.path.join(folder, "fake.sock")
        self.info = info
        self.clock = clock
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def __str__(self):
        return f"unix:{self.path}"

    def serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with sock, sock.makefile("rb") as file:
                while line := file.readline():
                    words = []
                    for _ in range(int(line[1:])):
                        size = int(file.readline()[1:])
                        words.append(file.read(size + 2)[:-2])
                    sock.sendall(self.answer(words))

    def answer(self, words):
        if words[0] == b"PING":
            return b"+PONG\r\n"
        if words[0] == b"INFO":
            return b"$%d\r\n%s\r\n" % (len(self.info), self.info.encode())
        if words[0] == b"TIME":
            now = time.time() + self.clock
            s = str(int(now)).encode()
            us = str(int(now % 1 * 1000000)).encode()
            return b"*2\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (
                len(s), s, len(us), us)
        return b"-ERR no such thing\033[31m\r\n"

    def close(self):
        self.listener.close()


@pytest.fixture
def fake(folders, scratch):
    return lambda *args: folders.add(Fake(scratch, *args))


def test_redis_that_is_too_old(fake, redis_only):
    lines = redis_only("--redis", str(fake("redis_version:5.0.14\r\n")))
    assert "5.0.14" in lines.one("redis", "failure")
    assert "Redis 6 or newer" in lines.one("redis", "failure")


VALKEY = "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n"


@pytest.mark.parametrize("info, name", [
    ("redis_version:8.0.2\r\nredis_mode:", "version 8.0.2"),
    (VALKEY + "server_mode:", "Valkey 8.1.1"),
    (VALKEY + "redis_mode:", "Valkey 8.1.1")])
def test_redis_and_valkey(fake, redis_only, info, name):
    """Each by its own name, and each says in its own way if it is a cluster."""
    server = fake(info + "standalone\r\n")
    lines = redis_only("--redis", str(server))
    assert f"answers, {name}" in lines.one("redis", "ok")
    server.info = info + "cluster\r\n"
    lines = redis_only("--redis", str(server))
    assert "Redis Cluster" in lines.one("redis", "failure")


def test_answers_that_make_no_sense_are_shown_and_nothing_more(
        fake, redis_only):
    lines = redis_only("--redis", str(fake("redis_version:7\033[2J\r\n")))
    assert "\033" not in lines.result.out
    assert "no such thing?[31m" in lines.one("stream", "warning")


@pytest.mark.parametrize("off, word", [(30, "ahead of"), (-30, "behind")])
def test_clocks_that_differ(fake, redis_only, off, word):
    lines = redis_only("--redis", str(fake("redis_version:7.0.0\r\n", off)))
    text = lines.one("clock", "warning")
    assert word in text
    assert 29000 < int(re.search(r"(\d+) ms", text)[1]) < 31000


def test_redis_that_could_not_write(fake, redis_only):
    lines = redis_only("--redis", str(fake(
        "redis_version:7.0.0\r\naof_enabled:1\r\n"
        "aof_last_write_status:err\r\n")))
    assert "make room" in lines.one("disk", "failure")


# -- rights

def test_what_a_user_may_not_is_named(redis, redis_only, scratch):
    redis("ACL", "SETUSER", "poor", "on", ">x", "resetkeys", "-@all", "+ping")
    password = write(scratch, "password", "x\n")
    lines = redis_only("--user", "poor", "--password-file", password)
    assert lines.of("redis", "failure") == []
    for about, right in (("redis", "+info"), ("clock", "+time"),
                         ("keys", "+type"), ("sites", "+script|exists"),
                         ("stream", "+xlen"), ("segments", "+hlen"),
                         ("topics", "+hlen"), ("errors", "+hlen")):
        assert right in lines.one(about, "warning"), about


def test_rights_that_are_documented_are_enough(redis, redis_only, scratch):
    with open(os.path.join(program.ROOT, "docs/operations.md"),
              encoding="utf-8") as file:
        command = re.search(r"redis-cli (ACL SETUSER doctor(?:.*\\\n)*.*)\n",
                            file.read())[1]
    words = shlex.split(command.replace("\\\n", " "))
    assert words[4] == ">and another one" and "-@all" in words
    redis(*words)
    redis("HSET", "es:segments", "dach", "country = AT")
    redis("HSET", "es:topics", "pumps", "type = view")
    redis("HSET", "es:errors", "slot:hero", "too long")
    redis("SET", "other", "x")
    fill(redis, 1)
    redis("XGROUP", "CREATE", "es:events", "learn", "$")
    password = write(scratch, "password", "and another one\n")
    lines = redis_only("--user", "doctor", "--password-file", password)
    assert "not looked at:" not in lines.result.out.split("\n", 1)[1]
    assert "loses all" in lines.one("disk", "warning")


def test_keys_a_user_may_not_read_are_named(redis, redis_only, scratch):
    redis("ACL", "SETUSER", "poor", "on", ">x", "resetkeys", "+@all",
          "~es:segments")
    password = write(scratch, "password", "x\n")
    lines = redis_only("--user", "poor", "--password-file", password)
    assert "%R~" in lines.one("topics", "warning")
    assert lines.one("segments", "ok")


# -- the stream and its learner

def fill(redis, n, **fields):
    now = str(int(time.time() * 1000))
    fields = {"id": "1", "ts": now, "type": "view", **fields}
    flat = [word for pair in fields.items() for word in pair]
    for _ in range(n):
        redis("XADD", "es:events", "*", *flat)


def test_stream_that_is_longer_than_nginx_says(redis, doctor, site):
    site.more = "exportsite_stream events maxlen=1000;"
    fill(redis, 2200)
    text = doctor().one("stream", "warning")
    assert "2200" in text and "XTRIM es:events MAXLEN 1000" in text


def test_events_and_nobody_who_learns(redis, redis_only):
    fill(redis, 1)
    assert "nobody has learned" in redis_only().one("learner", "warning")


def test_learner_that_is_far_behind(redis, doctor, site):
    site.more = "exportsite_stream events maxlen=100;"
    fill(redis, 50)
    redis("XGROUP", "CREATE", "es:events", "learn", "0", "ENTRIESREAD", "0")
    redis("SET", "es:lease:{es:events}:learn", "me", "PX", "60000")
    assert "50 events to go" in doctor().of("learner", "ok")
    fill(redis, 1)
    text = doctor().one("learner", "warning")
    assert "51 events are not learned yet" in text and "100" in text


def test_learner_that_is_behind_in_time(redis, redis_only):
    """Redis loses count of the lag once entries were deleted."""
    old = int((time.time() - 3 * 3600) * 1000)
    redis("XADD", "es:events", f"{old}-0", "a", "b")
    middle = redis("XADD", "es:events", f"{old + 1}-0", "a", "b")
    fill(redis, 2)
    redis("XGROUP", "CREATE", "es:events", "learn", f"{old}-0")
    redis("XDEL", "es:events", middle)
    assert "3 hours behind" in " ".join(redis_only().of("learner", "warning"))


def test_learner_that_does_not_run(redis, redis_only):
    fill(redis, 1)
    redis("XGROUP", "CREATE", "es:events", "learn", "$")
    text = redis_only().one("learner", "warning")
    assert "none is running" in text and "exportsite-learn" in text


def test_real_learner_is_seen(redis, redis_only, start):
    fill(redis, 1)
    start("learn")
    until(lambda: redis("EXISTS", "es:lease:{es:events}:learn"), 10, "a lease")
    assert "one is at work" in redis_only().of("learner", "ok")


def test_events_that_come_from_the_future(redis, redis_only):
    fill(redis, 1, ts=str(int(time.time() * 1000) + 60000))
    assert "ahead of Redis'" in redis_only().one("clock", "warning")


def test_events_of_yesterday_are_no_clock_that_is_wrong(redis, redis_only):
    fill(redis, 1, ts=str(int(time.time() * 1000) - 86400000))
    assert redis_only().of("clock", "warning") == []


def test_events_that_were_rejected(redis, redis_only):
    fill(redis, 1)
    redis("XADD", "es:events:rejected", "*", "why", "unknown")
    text = redis_only().one("rejected", "warning")
    assert "XREVRANGE es:events:rejected" in text


def test_sites_that_never_came(redis_only):
    assert "no site" in redis_only().one("sites", "warning")


# -- keys, and what marketers wrote

@pytest.mark.parametrize("key, command", [
    ("es:segments", ("SET", "es:segments", "x")),
    ("es:topics", ("LPUSH", "es:topics", "x")),
    ("es:errors", ("SET", "es:errors", "x")),
    ("es:events", ("SET", "es:events", "x")),
    ("es:leads", ("HSET", "es:leads", "a", "b")),
    ("es:profile:x", ("SET", "es:profile:x", "y")),
    ("es:slot:x", ("HSET", "es:slot:x", "a", "b")),
    ("es:count:{2026-11-22:all}", ("SET", "es:count:{2026-11-22:all}", "x")),
])
def test_keys_that_hold_something_else(redis, redis_only, key, command):
    redis(*command)
    text = redis_only().one("keys", "failure")
    assert key in text


def test_keys_of_others_do_not_matter(redis, redis_only):
    redis("SET", "profile:x", "y")
    redis("SET", "other:segments", "y")
    redis("HSET", "es:mine", "a", "b")
    assert redis_only().of("keys", "failure") == []


def test_many_keys_of_the_wrong_type_are_told_in_few_lines(
        redis, redis_only):
    for i in range(3000):
        redis("SET", f"es:profile:{i}", "x")
    texts = redis_only().of("keys", "failure")
    assert len(texts) == 6
    assert "2995 more" in texts[-1]


def test_segments_that_no_site_takes(redis, redis_only):
    redis("HSET", "es:segments", "good", "country = DE", "bad", "country in (",
          "circle", "segment = circle", "No Name", "country = DE",
          "odd", "weekday = monday")
    lines = redis_only()
    texts = lines.of("segments", "failure")
    assert len(texts) == 3
    assert any(text.startswith("bad: col") for text in texts)
    assert any(text.startswith("circle: ") for text in texts)
    assert any(text.startswith("No Name: ") for text in texts)
    assert lines.one("segments", "warning").startswith("odd: col")


def test_many_bad_segments_are_told_in_few_lines(redis, redis_only):
    for i in range(100):
        redis("HSET", "es:segments", f"s{i}", "country =")
    texts = redis_only().of("segments", "failure")
    assert len(texts) == 11
    assert "90 more of 100" in texts[-1]


def test_segments_that_are_far_too_many(redis, redis_only):
    for i in range(0, 9000, 1000):
        redis("HSET", "es:segments", *[
            word for n in range(i, i + 1000) for word in (f"s{n}", "new")])
    assert "9000 fields" in redis_only().one("segments", "failure")


def test_topics_and_scores_that_the_learner_cannot_take(redis, redis_only):
    redis("HSET", "es:topics", "pumps", "path ~ (", "fine", "type = view")
    redis("HSET", "es:scores", "quote", "when type = goal", "visitor",
          "5 when crawler", "fine", "5 when type = goal")
    lines = redis_only()
    assert lines.one("topics", "failure").startswith("pumps: col")
    assert sorted(text.split(":")[0] for text in lines.of(
        "scores", "failure")) == ["quote", "visitor"]


def test_topics_that_are_too_many(redis, redis_only):
    redis("HSET", "es:topics", *[
        word for n in range(257) for word in (f"t{n}", "type = view")])
    assert "257" in redis_only().one("topics", "failure")


def test_settings_that_cannot_be(redis, redis_only):
    redis("HSET", "es:settings", "visit_minutes", "soon", "colour", "red",
          "profile_days", "90", "timezone", "Europe/Vienna")
    texts = redis_only().of("settings", "failure")
    assert sorted(text.split(":")[0] for text in texts) \
        == ["colour", "visit_minutes"]


def test_industries_that_no_site_declares(redis, doctor, site):
    redis("HSET", "es:topics", "pumps", "type = view")
    assert doctor().of("industries") == []
    site.more = "exportsite_industries medical;"
    assert "the topic pumps" in doctor().one("industries", "warning")
    redis("HSET", "es:settings", "industries", "medical food")
    assert 'industries has "food"' in doctor().one("industries", "warning")
    site.more = "exportsite_industries food medical;"
    assert doctor().of("industries") == []


def test_segments_that_ask_for_what_no_site_declares(redis, doctor, site):
    redis("HSET", "es:segments",
          "a", "country = DE and not industry = machinry or new",
          "b", "industry not in (medical, 'fo od') and industry exists",
          "c", "language = fr or language in (de, ZH-hans)",
          "d", "industry contains y or industry ~ z or profile.industry = x")
    assert doctor().of("industries") == doctor().of("languages") == []
    site.more = ("exportsite_industries medical; "
                 "exportsite_languages en de zh-Hans;")
    lines = doctor()
    assert [text.split(", which")[0] for text in lines.of("industries")] == [
        'segment a asks for "machinry"', 'segment b asks for "fo od"']
    assert lines.one("languages", "warning").startswith(
        'segment c asks for "fr", which exportsite_languages does not name')


def test_remedies_can_be_copied(redis, new_redis, redis_only):
    redis("HSET", "es:segments", "bad", "contry = DE", "it's", "new")
    redis("HSET", "es:topics", "pumps", "pth = 1")
    lines = redis_only()
    assert "exportsite segment set bad 'RULE', or exportsite segment rm bad" \
        in lines.result.out
    assert "exportsite segment rm 'it'\\''s'" in lines.result.out
    assert "exportsite topic set pumps 'RULE', or" in lines.one("topics",
                                                               "failure")
    assert f"redis-cli -s {redis.socket} CONFIG SET appendonly" \
        in lines.one("disk", "warning")
    other = new_redis(tcp=True)
    other("HSET", "es:segments", "bad", "contry = DE")
    address = f"127.0.0.1:{other.port}"
    lines = redis_only("--redis", address, "--db", "0")
    assert f"segment rm bad --redis {address} --db 0" in lines.one("segments",
                                                                  "failure")
    assert f"redis-cli -h 127.0.0.1 -p {other.port} -n 0 CONFIG" \
        in lines.one("disk", "warning")


def test_what_sites_could_not_take(redis, redis_only):
    redis("HSET", "es:errors", "slot:hero", "longer than 1 MB\033[2J")
    lines = redis_only()
    assert lines.one("errors", "warning").startswith(
        "slot:hero: longer than 1 MB?[2J;")


# -- the spool

def test_spool_whose_files_are_left_over(doctor, site):
    site.more = f"exportsite_stream events spool={site.path('spool')};"
    assert "0 files" in doctor().one("spool", "ok")
    path = write(site.path("spool"), "1795327967042-9d1f3a2c55e07b18.spool",
                 b"x" * 100)
    assert "1 file waits" in doctor().one("spool", "ok")
    os.utime(path, (time.time() - 600, time.time() - 600))
    text = doctor().one("spool", "warning")
    assert "100 bytes" in text and "10 minutes" in text


def test_end_to_end_with_a_running_nginx(redis, site, run):
    """A site that has connected is seen to have."""
    site.more = "exportsite_stream events;"
    conf = site.write()
    with open(conf, encoding="utf-8") as file:
        text = file.read()
    write(site.folder, "nginx.conf", "daemon off; user root;" + text)
    process = subprocess.Popen([NGINX, "-c", conf],
                               stderr=subprocess.DEVNULL)
    try:
        until(lambda: redis.calls("script|load"), 10, "nginx to connect")
        lines = Lines(run("doctor", "--conf", conf))
        assert lines.one("sites", "ok"), lines.result
        assert lines.one("nginx.conf", "ok")
    finally:
        process.terminate()
        process.wait(20)
