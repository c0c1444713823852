/* Why somebody is in a segment or not: its conditions, one by one. */
#include <stdlib.h>

#include "../core/rule_explain.h"
#include "../core/text.h"
#include "segment.h"


#define ES_EXPLAIN_VALUE  120          /* bytes of a value that are shown */

typedef struct {
    es_person_t   *person;
    bool          *told;               /* segments that were explained */
    es_table_t    *table;              /* or NULL, for JSON */
} es_explain_t;


static json_t *es_explain_rule(es_explain_t *explain,
    const es_segment_entry_t *entry, uint32_t number, int depth);


static void
es_explain_row(es_explain_t *explain, int depth, es_str_t what, bool holds)
{
    char      *p;
    es_str_t   indented;
    es_heap_t *heap = explain->person->catalog->heap;

    indented.len = what.len + 2 * (size_t) depth;
    p = es_alloc(es_heap_pool(heap), indented.len + 1);
    memset(p, ' ', 2 * (size_t) depth);
    memcpy(p + 2 * depth, what.data, what.len);
    indented.data = p;

    es_table_cell(explain->table, indented);
    es_table_cell(explain->table, holds ? es_str("yes") : es_str("no"));
    es_table_color(explain->table, holds ? ES_COLOR_GOOD : ES_COLOR_BAD);
}


/* "country is DE": what the condition found */
static void
es_explain_found(es_explain_t *explain, const es_rule_condition_t *condition)
{
    const char               *field, *dot, *name, *more;
    es_str_t                  value = condition->value;
    const es_person_field_t  *f;

    f = condition->field->bind == 0
        ? NULL : &explain->person->field[condition->field->bind - 1];
    field = es_rule_field_name(condition->field->kind);
    name = es_shown(condition->field->name);
    dot = condition->field->name.len > 0 ? "." : "";

    if (condition->found) {
        more = value.len > ES_EXPLAIN_VALUE ? "..." : "";
        value.len = es_text_cut(value, ES_EXPLAIN_VALUE);
        es_table_cellf(explain->table, value.len ? "%s%s%s is %s%s"
                                                 : "%s%s%s is empty%s%s",
                       field, dot, name, es_shown(value), more);

    } else if (f == NULL || f->source.len > 0 || f->given) {
        es_table_cellf(explain->table, "%s%s%s is missing", field, dot, name);

    } else {
        es_table_cellf(explain->table, "%s%s%s is missing, as no --%s%s%s%s "
                       "was given", field, dot, name, field, dot[0] ? " " : "",
                       name, dot[0] ? "=..." : "");
    }
}


/* A segment that a condition names */
static json_t *
es_explain_segment(es_explain_t *explain, es_str_t name, int depth)
{
    bool                 holds;
    json_t              *json;
    uint32_t             number;
    es_catalog_t        *catalog = explain->person->catalog;
    es_segment_entry_t  *entry = es_catalog_find(catalog, name);

    number = entry ? es_catalog_number(catalog, entry) : ES_SEGMENT_UNKNOWN;
    holds = number != ES_SEGMENT_UNKNOWN
            && es_person_is_in(explain->person, number);

    if (explain->table != NULL) {
        es_explain_row(explain, depth, name, holds);

        if (entry == NULL) {
            es_table_cell(explain->table, es_str("there is no such segment"));

        } else if (number == ES_SEGMENT_UNKNOWN) {
            es_table_cellf(explain->table, "refused: %s", entry->error);

        } else {
            es_table_cell(explain->table, explain->told[number]
                                          ? es_str("as above") : entry->rule);
        }
    }

    if (number != ES_SEGMENT_UNKNOWN && !explain->told[number]) {
        return es_explain_rule(explain, entry, number, depth + 1);
    }

    json = explain->table ? NULL : json_object();

    if (json != NULL) {
        json_object_set_new(json, "segment", es_json_text(name));
        json_object_set_new(json, "holds", json_boolean(holds));
        json_object_set_new(json, "error", entry == NULL
                            ? json_string("there is no such segment")
                            : entry->error ? es_json_text(es_text(entry->error))
                                           : json_null());
    }

    return json;
}


static json_t *
es_explain_json(const es_rule_condition_t *condition, es_str_t text)
{
    char     field[200];
    json_t  *json = json_object();

    json_object_set_new(json, "condition", es_json_text(text));
    json_object_set_new(json, "holds", json_boolean(condition->holds));

    if (condition->field != NULL) {
        snprintf(field, sizeof(field), "%s%s%.128s",
                 es_rule_field_name(condition->field->kind),
                 condition->field->name.len ? "." : "",
                 es_shown(condition->field->name));
        json_object_set_new(json, "field", es_json_text(es_text(field)));
        json_object_set_new(json, "value",
                            condition->found ? es_json_text(condition->value)
                                             : json_null());
    }

    return json;
}


static json_t *
es_explain_condition(es_explain_t *explain, const es_segment_entry_t *entry,
    const es_rule_t *rule, size_t i, int depth)
{
    size_t                    n;
    json_t                   *json, *list, *one;
    es_str_t                  text;
    es_rule_condition_t       condition;
    const es_rule_segment_t  *segment;

    (void) es_rule_condition(rule, i, &explain->person->env, &condition);
    text = (es_str_t) { condition.len, entry->rule.data + condition.offset };
    json = NULL;
    list = NULL;

    if (explain->table == NULL) {
        json = es_explain_json(&condition, text);
        list = condition.nsegments ? json_array() : NULL;

    } else {
        es_explain_row(explain, depth, text, condition.holds);

        if (condition.field != NULL) {
            es_explain_found(explain, &condition);

        } else {
            es_table_cell(explain->table, es_str("as below"));
        }
    }

    for (n = 0; n < condition.nsegments; n++) {
        segment = es_rule_condition_segment(rule, i, n);
        one = es_explain_segment(explain, segment->name, depth + 1);

        if (list != NULL) {
            json_array_append_new(list, one);
        }
    }

    if (list != NULL) {
        json_object_set_new(json, "segments", list);
    }

    return json;
}


/* All conditions of a segment's rule; each segment is explained once. */
static json_t *
es_explain_rule(es_explain_t *explain, const es_segment_entry_t *entry,
    uint32_t number, int depth)
{
    size_t      i;
    json_t     *json, *list, *one;
    es_rule_t  *rule;

    rule = es_segments_rule(explain->person->catalog->set, number);
    explain->told[number] = true;
    list = explain->table ? NULL : json_array();

    for (i = 0; i < es_rule_conditions(rule); i++) {
        one = es_explain_condition(explain, entry, rule, i, depth);

        if (list != NULL) {
            json_array_append_new(list, one);
        }
    }

    if (list == NULL) {
        return NULL;
    }

    json = json_object();
    json_object_set_new(json, "segment", es_json_text(entry->name));
    json_object_set_new(json, "rule", es_json_text(entry->rule));
    json_object_set_new(json, "holds",
                        json_boolean(es_person_is_in(explain->person,
                                                     number)));
    json_object_set_new(json, "conditions", list);

    return json;
}


void
es_segment_explain(es_cli_t *cli, es_person_t *person,
    const es_segment_entry_t *entry)
{
    bool           holds;
    size_t         n;
    uint32_t       number;
    es_explain_t   explain;

    n = es_segments_count(person->catalog->set);
    number = es_catalog_number(person->catalog, entry);
    holds = es_person_is_in(person, number);

    explain.person = person;
    explain.told = es_alloc(es_heap_pool(person->catalog->heap), n + 1);
    memset(explain.told, 0, n + 1);

    if (cli->json) {
        explain.table = NULL;
        es_json_print(es_explain_rule(&explain, entry, number, 0));
        return;
    }

    es_print(stdout, entry->name);
    printf(": ");
    es_color(cli, holds ? ES_COLOR_GOOD : ES_COLOR_BAD);
    printf("%s", holds ? "yes" : "no");
    es_color(cli, ES_COLOR_NONE);
    printf("\n\n  ");
    es_print(stdout, entry->rule);
    printf("\n\n");

    explain.table = es_table(cli, "CONDITION", "HOLDS", "BECAUSE",
                             (char *) NULL);
    (void) es_explain_rule(&explain, entry, number, 0);
    es_table_print(explain.table);
}
