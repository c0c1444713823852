/* How the Redis that is looked at was reached, as words of commands. */
#include <stdlib.h>

#include "doctor.h"


#define ES_HOW_MAX  2048


const char *
es_doctor_word(es_doctor_t *doctor, es_str_t word)
{
    char         buf[ES_HOW_MAX], *p;
    const char  *text = es_shown(word);

    static const char  plain[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "_.:/+@-[],";

    if (text[0] != '\0' && strspn(text, plain) == strlen(text)) {
        return es_doctor_text(doctor, "%s", text);
    }

    /* a text to be shown has 512 bytes at most, each of them four here */

    for (p = buf; *text != '\0'; text++) {
        if (*text == '\'') {
            memcpy(p, "'\\''", 4);
            p += 4;

        } else {
            *p++ = *text;
        }

        if (p > buf + sizeof(buf) - 8) {
            break;
        }
    }

    *p = '\0';

    return es_doctor_text(doctor, "'%s'", buf);
}


static const char *
es_how_word(es_doctor_t *doctor, const char *text)
{
    return es_doctor_word(doctor, es_text(text));
}


/* The address, as redis-cli wants it; "" for where it looks by itself */
static const char *
es_how_address(es_doctor_t *doctor)
{
    es_str_t     host;
    const char  *address = doctor->cli->redis, *port;

    if (strncmp(address, "unix:", 5) == 0 || address[0] == '/') {
        address += address[0] == '/' ? 0 : 5;
        return es_doctor_text(doctor, " -s %s", es_how_word(doctor, address));
    }

    if (strcmp(address, "127.0.0.1:6379") == 0
        || strcmp(address, "localhost:6379") == 0)
    {
        return "";
    }

    port = strrchr(address, ':');
    host.data = address;
    host.len = port ? (size_t) (port - address) : strlen(address);

    if (address[0] == '[') {
        host.data++;
        host.len = strcspn(host.data, "]");
        port = host.data[host.len] == ']' && host.data[host.len + 1] == ':'
               ? host.data + host.len + 1 : NULL;
    }

    return es_doctor_text(doctor, " -h %s%s%s", es_doctor_word(doctor, host),
                          port ? " -p " : "",
                          port ? es_how_word(doctor, port + 1) : "");
}


const char *
es_doctor_redis_cli(es_doctor_t *doctor)
{
    es_cli_t  *cli = doctor->cli;

    return es_doctor_text(doctor, "redis-cli%s%s%s%s%s%s",
                          es_how_address(doctor),
                          cli->db ? " -n " : "",
                          cli->db ? es_how_word(doctor, cli->db) : "",
                          cli->user ? " --user " : "",
                          cli->user ? es_how_word(doctor, cli->user) : "",
                          cli->password_file ? " --askpass" : "");
}


/* " --name VALUE" where it is not what the environment says, or the default */
static const char *
es_how_option(es_doctor_t *doctor, const char *name, const char *value,
    const char *environment, const char *otherwise)
{
    const char  *usual;

    usual = environment ? getenv(environment) : NULL;
    usual = usual && usual[0] ? usual : otherwise;

    return value == NULL || (usual != NULL && strcmp(value, usual) == 0) ? ""
           : es_doctor_text(doctor, " --%s %s", name,
                            es_how_word(doctor, value));
}


const char *
es_doctor_given(es_doctor_t *doctor)
{
    es_cli_t  *cli = doctor->cli;

    return es_doctor_text(doctor, "%s%s%s%s%s%s",
                          es_how_option(doctor, "redis", cli->redis,
                                        "EXPORTSITE_REDIS", "127.0.0.1:6379"),
                          es_how_option(doctor, "prefix", cli->prefix.data,
                                        "EXPORTSITE_PREFIX", "es:"),
                          es_how_option(doctor, "stream", cli->stream.data,
                                        NULL, "events"),
                          es_how_option(doctor, "db", cli->db, NULL, NULL),
                          es_how_option(doctor, "user", cli->user, NULL, NULL),
                          es_how_option(doctor, "password-file",
                                        cli->password_file, NULL, NULL));
}
