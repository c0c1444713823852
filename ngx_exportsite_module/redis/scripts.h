/*
 * The learner's scripts on the server. Each changes one visitor, or one set of
 * counters, in one hash slot, and only if nobody else has since it was read.
 *
 * They answer 1, or 0 where something else was there than expected: nothing was
 * written then. A text is an error that concerns one key only and did not keep
 * the rest from being written, "WRONGTYPE ... es:profile:ID".
 */
#ifndef ES_SCRIPTS_H
#define ES_SCRIPTS_H


/*
 * A visitor moves on:
 *
 *   EVALSHA sha 3 STATE PROFILE GONE  head gone  state ttl
 *           n (field before now)...  field value ...
 *
 * `head` is what the state must begin with, empty if there must be none; `gone`
 * what GONE must hold. ttl in seconds is both keys'. The n fields are those
 * that others may set, too: one is written only where it is missing or still
 * what we wrote before; "industry" also gets industry_source, and is ours only
 * with that. An empty `now` writes nothing. The other fields are simply set, or
 * deleted where the value is empty; without any, PROFILE is left alone.
 */
extern const char  es_visitor_script[];

/*
 * A set of counters:
 *
 *   EVALSHA sha 1+n COUNT VISITORS...  mark upto  values expire
 *           (value nmetrics (metric delta)... nvisitors visitor...)...
 *
 * `mark` is what the set must have (empty: none), `upto` becomes its mark.
 * There are as many VISITORS keys as values, and one more, that of "(other)",
 * at the end; none at all where no value has any. A value that is new is
 * counted as "(other)" once the set has `values` of them. `expire` is a time in
 * seconds.
 */
extern const char  es_count_script[];

/*
 * Entries are added to a stream once:
 *
 *   EVALSHA sha 2 STREAM MARK  mark upto maxlen  (n field value ...)...
 *
 * `mark` is what MARK must hold (empty: nothing), `upto` what it becomes;
 * maxlen 0: the stream is not trimmed.
 */
extern const char  es_append_script[];

/*
 * The lease: PX milliseconds for the one who has it or finds none.
 *
 *   EVALSHA sha 1 LEASE  owner ms
 *
 * Answers 1 to the owner, 2 to whom it is new, 0 to others. With ms 0 the owner
 * gives it up.
 */
extern const char  es_lease_script[];

/*
 * The position of a consumer group, moved if it is still the one expected:
 *
 *   EVALSHA sha 1 STREAM  group position  id [ENTRIESREAD n]
 */
extern const char  es_advance_script[];

/*
 * The mark of a stream that entries are added to becomes another text for the
 * same place, "ID TAG": who has read it before does not write any more.
 *
 *   EVAL ... 1 MARK  tag
 */
extern const char  es_remark_script[];

/*
 * Two visitors become one, INTO, in steps that may be cut off anywhere and
 * repeated; each is about one of the two. A learner that is at work with one of
 * them finds another state than it has read, and begins again.
 *
 * First, what is known of the other is put aside, under a token, "TIME HEAD" of
 * when that was and what INTO's state begins with:
 *
 *   EVALSHA sha 5 STATE PROFILE GONE MERGING FIELDS  head gone token ttl
 *
 * `head` as above, `gone` is "merged INTO". Answers the token under which it
 * lies there, which is that of an earlier time if that was cut off; empty if
 * nothing is known that was not merged; 0 if it is another state than expected,
 * or something else became of the id.
 */
extern const char  es_freeze_script[];

/*
 * Then INTO has it:
 *
 *   EVALSHA sha 3 STATE PROFILE GONE  head state ttl  note time
 *           n (field value)...  field value ...
 *
 * `head` is that of the token, and `note` the profile's field for its time. The
 * n fields are set, or deleted where the value is empty; the others only where
 * they are missing, and "industry_source" only if "industry", in front of it,
 * was. Answers 1, 0 (head), or texts: "done" before, "gone", INTO is no more.
 */
extern const char  es_join_script[];

/*
 * Then it can go, if it still lies there under this token; or, with what GONE
 * has to hold, it comes back as it was, and GONE goes.
 *
 *   EVALSHA sha 5 STATE PROFILE GONE MERGING FIELDS  token gone
 *
 * And what became of an id becomes something else:
 *
 *   EVALSHA sha 1 GONE  gone now ttl
 *
 * Both answer 1, or 0.
 */
extern const char  es_thaw_script[];
extern const char  es_repoint_script[];

#endif
