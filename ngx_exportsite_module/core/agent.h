/*
 * What the User-Agent header says of the visitor: the kind of device, and
 * whether this is a crawler.
 *
 * A crawler is whatever declares itself one: search engines, link previews, SEO
 * and AI bots, monitors, validators, browsers without a head, and anyone with
 * "bot", "spider" or "crawler" in the name or a "+http://..." to read about it.
 *
 * Not crawlers, on purpose: curl, wget and the HTTP libraries of programming
 * languages, and requests without a User-Agent. They declare nothing, and
 * people try a site with them: a marketer with curl must see what a visitor
 * sees, and see the view recorded. Who wants them out has a "map" for that.
 */
#ifndef ES_AGENT_H
#define ES_AGENT_H

#include "es.h"


typedef enum {
    ES_DEVICE_DESKTOP,           /* also televisions, and all that is unknown */
    ES_DEVICE_MOBILE,
    ES_DEVICE_TABLET
} es_device_e;

typedef struct {
    es_device_e  device;
    bool         crawler;
} es_agent_t;


/* Both answers in one pass; looks at no more than the first 512 bytes. */
void es_agent_classify(es_str_t ua, es_agent_t *agent);

es_device_e es_agent_device(es_str_t ua);
bool es_agent_crawler(es_str_t ua);

/* "desktop", "mobile" or "tablet" */
es_str_t es_device_name(es_device_e device);

#endif
