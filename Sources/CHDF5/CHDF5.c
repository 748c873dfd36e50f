#include "CHDF5.h"

#include <dlfcn.h>
#include <string.h>

struct entry {
    const char *symbol;
    size_t offset;
};

#define FUNCTION(name) {#name, offsetof(struct selvedge_hdf5, name)}

static const struct entry functions[] = {
    FUNCTION(H5open), FUNCTION(H5dont_atexit), FUNCTION(H5get_libversion), FUNCTION(H5Eset_auto2),
    FUNCTION(H5free_memory), FUNCTION(H5Pcreate), FUNCTION(H5Pset_fapl_core), FUNCTION(H5Pset_file_image),
    FUNCTION(H5Pget_layout), FUNCTION(H5Pget_external_count), FUNCTION(H5Pget_nfilters), FUNCTION(H5Pclose),
    FUNCTION(H5Pset_obj_track_times), FUNCTION(H5Fcreate), FUNCTION(H5Fflush), FUNCTION(H5Fget_file_image),
    FUNCTION(H5Gcreate2), FUNCTION(H5Dcreate2), FUNCTION(H5Dwrite), FUNCTION(H5Screate_simple),
    FUNCTION(H5Fopen), FUNCTION(H5Fclose), FUNCTION(H5Lexists), FUNCTION(H5Lget_name_by_idx), FUNCTION(H5Oopen),
    FUNCTION(H5Oclose), FUNCTION(H5Iget_type), FUNCTION(H5Gget_info), FUNCTION(H5Dget_create_plist),
    FUNCTION(H5Dget_space), FUNCTION(H5Dget_type), FUNCTION(H5Dget_storage_size), FUNCTION(H5Dread),
    FUNCTION(H5Aexists), FUNCTION(H5Aopen), FUNCTION(H5Aget_space), FUNCTION(H5Aget_type),
    FUNCTION(H5Aget_storage_size), FUNCTION(H5Aread), FUNCTION(H5Aclose), FUNCTION(H5Sget_simple_extent_type),
    FUNCTION(H5Sget_simple_extent_ndims), FUNCTION(H5Sget_simple_extent_dims), FUNCTION(H5Sclose),
    FUNCTION(H5Tget_class), FUNCTION(H5Tget_size), FUNCTION(H5Tequal), FUNCTION(H5Tis_variable_str),
    FUNCTION(H5Tclose),
};

/// Handles that the library keeps in variables; they hold their values once H5open was called.
static const struct entry variables[] = {
    {"H5P_CLS_FILE_ACCESS_ID_g", offsetof(struct selvedge_hdf5, file_access_class)},
    {"H5P_CLS_DATASET_CREATE_ID_g", offsetof(struct selvedge_hdf5, dataset_create_class)},
    {"H5T_NATIVE_FLOAT_g", offsetof(struct selvedge_hdf5, native_float)},
    {"H5T_NATIVE_DOUBLE_g", offsetof(struct selvedge_hdf5, native_double)},
    {"H5T_IEEE_F32LE_g", offsetof(struct selvedge_hdf5, ieee_float[0])},
    {"H5T_IEEE_F32BE_g", offsetof(struct selvedge_hdf5, ieee_float[1])},
    {"H5T_IEEE_F64LE_g", offsetof(struct selvedge_hdf5, ieee_double[0])},
    {"H5T_IEEE_F64BE_g", offsetof(struct selvedge_hdf5, ieee_double[1])},
};

static void put(struct selvedge_hdf5 *table, size_t offset, const void *value, size_t byte_count) {
    memcpy((char *)table + offset, value, byte_count);
}

const char *selvedge_hdf5_load(struct selvedge_hdf5 *table, const char *file_name) {
    void *library = dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return dlerror();
    for (size_t index = 0; index < sizeof functions / sizeof functions[0]; index++) {
        void *function = dlsym(library, functions[index].symbol);
        if (function == NULL) return dlerror();
        put(table, functions[index].offset, &function, sizeof function);
    }
    // Since 1.12 the plain name is a macro for one of two functions; the older one has the structure of 1.10.
    void *link_info = dlsym(library, "H5Lget_info1");
    if (link_info == NULL) link_info = dlsym(library, "H5Lget_info");
    if (link_info == NULL) return dlerror();
    put(table, offsetof(struct selvedge_hdf5, H5Lget_info), &link_info, sizeof link_info);

    table->H5dont_atexit();
    uint32_t major = 0, minor = 0, release = 0;
    if (table->H5open() < 0 || table->H5get_libversion(&major, &minor, &release) < 0) return "it does not start";
    if (major != 1 || minor < 10) return "it is older than version 1.10";
    for (size_t index = 0; index < sizeof variables / sizeof variables[0]; index++) {
        const void *variable = dlsym(library, variables[index].symbol);
        if (variable == NULL) return dlerror();
        put(table, variables[index].offset, variable, sizeof(selvedge_hid_t));
    }
    return NULL;
}
