/*
 * For the memory sanitizer: what the libraries write is initialized, though
 * they were not compiled with it. The linker puts these in their functions'
 * places (MSAN in the Makefile lists them).
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <stdlib.h>

#include <jansson.h>
#include <pcre2.h>
#include <sanitizer/msan_interface.h>


pcre2_code *__real_pcre2_compile_8(PCRE2_SPTR pattern, PCRE2_SIZE len,
    uint32_t options, int *error, PCRE2_SIZE *offset,
    pcre2_compile_context *context);
int __real_pcre2_pattern_info_8(const pcre2_code *code, uint32_t what,
    void *where);
int __real_pcre2_get_error_message_8(int error, PCRE2_UCHAR *buf,
    PCRE2_SIZE size);
json_t *__real_json_loadb(const char *buf, size_t len, size_t flags,
    json_error_t *error);
size_t __real_json_dumpb(const json_t *json, char *buf, size_t size,
    size_t flags);

pcre2_code *__wrap_pcre2_compile_8(PCRE2_SPTR pattern, PCRE2_SIZE len,
    uint32_t options, int *error, PCRE2_SIZE *offset,
    pcre2_compile_context *context);
int __wrap_pcre2_pattern_info_8(const pcre2_code *code, uint32_t what,
    void *where);
int __wrap_pcre2_get_error_message_8(int error, PCRE2_UCHAR *buf,
    PCRE2_SIZE size);
json_t *__wrap_json_loadb(const char *buf, size_t len, size_t flags,
    json_error_t *error);
size_t __wrap_json_dumpb(const json_t *json, char *buf, size_t size,
    size_t flags);


/* Some of jansson's functions are inline, and read what others wrote. */
static void *
msan_malloc(size_t size)
{
    void  *p = malloc(size);

    __msan_unpoison(p, size);

    return p;
}


__attribute__((constructor)) static void
msan_jansson(void)
{
    json_set_alloc_funcs(msan_malloc, free);
}


pcre2_code *
__wrap_pcre2_compile_8(PCRE2_SPTR pattern, PCRE2_SIZE len, uint32_t options,
    int *error, PCRE2_SIZE *offset, pcre2_compile_context *context)
{
    size_t       size;
    pcre2_code  *code;

    __msan_unpoison(error, sizeof(int));
    __msan_unpoison(offset, sizeof(PCRE2_SIZE));

    code = __real_pcre2_compile_8(pattern, len, options, error, offset,
                                  context);
    if (code != NULL) {
        (void) __real_pcre2_pattern_info_8(code, PCRE2_INFO_SIZE, &size);
        __msan_unpoison(&size, sizeof(size));
        __msan_unpoison(code, size);
    }

    return code;
}


int
__wrap_pcre2_pattern_info_8(const pcre2_code *code, uint32_t what,
    void *where)
{
    __msan_unpoison(where, what == PCRE2_INFO_SIZE ? sizeof(size_t)
                                                   : sizeof(uint32_t));

    return __real_pcre2_pattern_info_8(code, what, where);
}


int
__wrap_pcre2_get_error_message_8(int error, PCRE2_UCHAR *buf, PCRE2_SIZE size)
{
    __msan_unpoison(buf, size);

    return __real_pcre2_get_error_message_8(error, buf, size);
}


json_t *
__wrap_json_loadb(const char *buf, size_t len, size_t flags,
    json_error_t *error)
{
    json_t  *json;

    if (error != NULL) {
        __msan_unpoison(error, sizeof(json_error_t));
    }

    __msan_check_mem_is_initialized(buf, len);
    __msan_scoped_disable_interceptor_checks();
    json = __real_json_loadb(buf, len, flags, error);
    __msan_scoped_enable_interceptor_checks();

    return json;
}


size_t
__wrap_json_dumpb(const json_t *json, char *buf, size_t size, size_t flags)
{
    size_t  n;

    __msan_scoped_disable_interceptor_checks();
    n = __real_json_dumpb(json, buf, size, flags);
    __msan_scoped_enable_interceptor_checks();

    __msan_unpoison(buf, n < size ? n : size);

    return n;
}
