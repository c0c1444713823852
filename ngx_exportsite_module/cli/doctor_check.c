/* How the doctor says what it found. */
#include <stdarg.h>

#include "doctor_check.h"


#define ES_DOCTOR_LINE   4096
#define ES_DOCTOR_ABOUT  12            /* columns of what a line is about */


static const char *const  es_doctor_words[] = { "ok", "warning", "failure" };

static const es_color_e  es_doctor_colors[] = {
    ES_COLOR_GOOD, ES_COLOR_WARN, ES_COLOR_BAD
};


const char *
es_doctor_text(es_doctor_t *doctor, const char *format, ...)
{
    char     buf[ES_DOCTOR_LINE];
    va_list  args;

    va_start(args, format);
    vsnprintf(buf, sizeof(buf), format, args);
    va_end(args);

    return es_heap_copy(doctor->heap, es_text(buf)).data;
}


/* On a terminal, what to do has a line of its own; else a line is a check. */
static void
es_doctor_print(const es_doctor_t *doctor, es_check_e result,
    const char *about, const char *text, const char *remedy)
{
    es_color(doctor->cli, es_doctor_colors[result]);
    printf("%-9s", es_doctor_words[result]);
    es_color(doctor->cli, ES_COLOR_NONE);
    printf("%-*s ", ES_DOCTOR_ABOUT, about);
    es_print(stdout, es_text(text));

    if (remedy != NULL) {
        if (doctor->terminal) {
            printf("\n%*s-> ", 9 + ES_DOCTOR_ABOUT + 1, "");

        } else {
            printf("; ");
        }

        es_print(stdout, es_text(remedy));
    }

    printf("\n");
    fflush(stdout);
}


void
es_check(es_doctor_t *doctor, es_check_e result, const char *about,
    const char *format, ...)
{
    char      text[ES_DOCTOR_LINE], *remedy;
    va_list   args;
    json_t   *line;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    remedy = strchr(text, '\n');
    if (remedy != NULL) {
        *remedy++ = '\0';
    }

    doctor->count[result]++;

    if (!doctor->cli->json) {
        es_doctor_print(doctor, result, about, text, remedy);
        return;
    }

    line = json_object();
    json_object_set_new(line, "check", json_string(about));
    json_object_set_new(line, "result", json_string(es_doctor_words[result]));
    json_object_set_new(line, "text", es_json_text(es_text(text)));

    if (remedy != NULL) {
        json_object_set_new(line, "remedy", es_json_text(es_text(remedy)));
    }

    json_array_append_new(doctor->lines, line);
}


void
es_doctor_sum(es_doctor_t *doctor)
{
    json_t  *json;

    if (!doctor->cli->json) {
        printf("%zu ok, %zu warning%s, %zu failure%s\n",
               doctor->count[ES_CHECK_GOOD], doctor->count[ES_CHECK_WARN],
               doctor->count[ES_CHECK_WARN] == 1 ? "" : "s",
               doctor->count[ES_CHECK_FAIL],
               doctor->count[ES_CHECK_FAIL] == 1 ? "" : "s");
        return;
    }

    json = json_pack("{s:I, s:I, s:I, s:O}",
                     "ok", (json_int_t) doctor->count[ES_CHECK_GOOD],
                     "warnings", (json_int_t) doctor->count[ES_CHECK_WARN],
                     "failures", (json_int_t) doctor->count[ES_CHECK_FAIL],
                     "checks", doctor->lines);
    es_json_print(json);
}
