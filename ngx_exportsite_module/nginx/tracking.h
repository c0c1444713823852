/*
 * Redis' messages about profiles that this worker reads go to the keeper.
 */
#ifndef NGX_EXPORTSITE_TRACKING_H
#define NGX_EXPORTSITE_TRACKING_H


/* A new connection for commands: Redis knows nothing of it yet. */
void ngx_exportsite_track_anew(void);

/*
 * Redirects the messages to the keeper's subscription, if they are not yet; to
 * be called before a profile is read.
 */
void ngx_exportsite_track(void);

#endif
