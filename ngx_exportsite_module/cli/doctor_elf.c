/*
 * What a module's file tells without being run: which nginx it was built for.
 *
 * The linker leaves the symbol ngx_exportsite_module in the file, a structure
 * of nginx' NGX_MODULE_V1 that has the version behind five words; the signature
 * is a text that looks like nothing else. Files are taken as they come: every
 * offset in them is held against the file's length.
 */
#include <elf.h>

#include "doctor.h"


#define ES_ELF_MAX       (64 * 1024 * 1024)
#define ES_ELF_SYMBOL    "ngx_exportsite_module"
#define ES_ELF_VERSION   40            /* bytes into the structure */
#define ES_ELF_FEATURES  34            /* of the signature, 0 or 1 */


/* n things of that size at the offset; NULL if they are not in the file. */
static const void *
es_elf_at(es_str_t file, uint64_t offset, uint64_t n, uint64_t size)
{
    return n < file.len && size < file.len && offset <= file.len
           && n * size <= file.len - offset ? file.data + offset : NULL;
}


static bool
es_elf_section(es_str_t file, uint64_t i, Elf64_Shdr *section)
{
    Elf64_Ehdr   head;
    const void  *p;

    memcpy(&head, file.data, sizeof(Elf64_Ehdr));

    p = i < head.e_shnum && head.e_shentsize == sizeof(Elf64_Shdr)
        && head.e_shoff <= file.len
        ? es_elf_at(file, head.e_shoff + i * sizeof(Elf64_Shdr), 1,
                    sizeof(Elf64_Shdr))
        : NULL;

    if (p != NULL) {
        memcpy(section, p, sizeof(Elf64_Shdr));
    }

    return p != NULL;
}


/* Where the symbol is in memory, by one table of symbols; 0: not there. */
static uint64_t
es_elf_symbol(es_str_t file, const Elf64_Shdr *symbols)
{
    uint64_t     i, n;
    Elf64_Sym    symbol;
    Elf64_Shdr   names;
    const char  *name, *table;

    n = symbols->sh_size / sizeof(Elf64_Sym);
    table = es_elf_at(file, symbols->sh_offset, n, sizeof(Elf64_Sym));

    if (table == NULL || !es_elf_section(file, symbols->sh_link, &names)
        || es_elf_at(file, names.sh_offset, 1, names.sh_size) == NULL)
    {
        return 0;
    }

    for (i = 0; i < n; i++) {
        memcpy(&symbol, table + i * sizeof(Elf64_Sym), sizeof(Elf64_Sym));

        if (symbol.st_name > names.sh_size
            || names.sh_size - symbol.st_name < sizeof(ES_ELF_SYMBOL))
        {
            continue;
        }

        name = file.data + names.sh_offset + symbol.st_name;

        if (memcmp(name, ES_ELF_SYMBOL, sizeof(ES_ELF_SYMBOL)) == 0) {
            return symbol.st_value;
        }
    }

    return 0;
}


/* The number at an address, as the section that holds it has it; else 0. */
static uint64_t
es_elf_number(es_str_t file, uint64_t address)
{
    uint64_t     i, number;
    const void  *p;
    Elf64_Shdr   section;

    for (i = 0; es_elf_section(file, i, &section); i++) {
        if (section.sh_type != SHT_PROGBITS || address < section.sh_addr
            || address - section.sh_addr >= section.sh_size)
        {
            continue;
        }

        p = es_elf_at(file, section.sh_offset + (address - section.sh_addr), 1,
                      sizeof(uint64_t));

        if (p != NULL && section.sh_offset < file.len) {
            memcpy(&number, p, sizeof(uint64_t));
            return number;
        }
    }

    return 0;
}


/* The first text of the form "8,4,8,0011..." */
static bool
es_elf_signature(es_str_t file, char *signature, size_t size)
{
    size_t       n;
    es_str_t     rest;
    const char  *p;

    for (rest = file; /* void */; rest.data = p + 1) {
        rest.len = file.len - (rest.data - file.data);
        p = memmem(rest.data, rest.len, "8,4,8,", 6);

        if (p == NULL) {
            return false;
        }

        n = file.data + file.len - p - 6;
        n = n < ES_ELF_FEATURES + 8 ? n : ES_ELF_FEATURES + 8;
        n = 6 + strnlen(p + 6, n);

        if (n >= 6 + ES_ELF_FEATURES && n < size
            && strspn(p + 6, "01") == n - 6)
        {
            memcpy(signature, p, n);
            signature[n] = '\0';
            return true;
        }
    }
}


bool
es_module_read(es_heap_t *heap, const char *path, es_module_t *module,
    const char **why)
{
    uint64_t     i, address;
    es_str_t     file;
    Elf64_Shdr   section;

    memset(module, 0, sizeof(es_module_t));

    if (!es_doctor_file(heap, path, ES_ELF_MAX, &file, why)) {
        return false;
    }

    if (file.len < sizeof(Elf64_Ehdr)
        || memcmp(file.data, ELFMAG, SELFMAG) != 0
        || file.data[EI_CLASS] != ELFCLASS64)
    {
        *why = "it is no shared object of 64 bits";
        return false;
    }

    for (i = 0, address = 0; es_elf_section(file, i, &section); i++) {
        if (address == 0 && section.sh_type == SHT_DYNSYM) {
            address = es_elf_symbol(file, &section);
        }
    }

    if (address == 0) {
        *why = "it is not this project's module";
        return false;
    }

    module->version = (unsigned) es_elf_number(file, address + ES_ELF_VERSION);
    es_elf_signature(file, module->signature, sizeof(module->signature));

    return true;
}


bool
es_module_wanted(es_heap_t *heap, const char *path, char *signature,
    size_t size)
{
    es_str_t     file;
    const char  *why;

    return es_doctor_file(heap, path, ES_ELF_MAX, &file, &why)
           && memcmp(file.data, ELFMAG, file.len < 4 ? file.len : SELFMAG) == 0
           && es_elf_signature(file, signature, size);
}
