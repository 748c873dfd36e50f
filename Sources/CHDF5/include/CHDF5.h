// The functions of libhdf5 that reading and writing need, found at run time: a program that uses this module starts without the library.
// Declared as the interface of HDF5 1.10 and later; no header of the library is needed.
#ifndef SELVEDGE_CHDF5_H
#define SELVEDGE_CHDF5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// The library's handles for files, groups, types, …; negative for a failure. 64 bits wide since 1.10.
typedef int64_t selvedge_hid_t;

/// The number that stands for a variable-length string in a datatype's size.
#define SELVEDGE_HDF5_VARIABLE SIZE_MAX

/// Values of the library's enumerations that reading looks at.
enum {
    SELVEDGE_HDF5_OBJECT_GROUP = 2,     // H5I_GROUP
    SELVEDGE_HDF5_OBJECT_DATASET = 5,   // H5I_DATASET
    SELVEDGE_HDF5_LINK_HARD = 0,        // H5L_TYPE_HARD
    SELVEDGE_HDF5_LINK_SOFT = 1,        // H5L_TYPE_SOFT
    SELVEDGE_HDF5_LINK_EXTERNAL = 64,   // H5L_TYPE_EXTERNAL
    SELVEDGE_HDF5_SPACE_NULL = 2,       // H5S_NULL
    SELVEDGE_HDF5_CLASS_FLOAT = 1,      // H5T_FLOAT
    SELVEDGE_HDF5_CLASS_STRING = 3,     // H5T_STRING
    SELVEDGE_HDF5_LAYOUT_COMPACT = 0,   // H5D_COMPACT
    SELVEDGE_HDF5_LAYOUT_CONTIGUOUS = 1,// H5D_CONTIGUOUS
    SELVEDGE_HDF5_LAYOUT_CHUNKED = 2,   // H5D_CHUNKED
    SELVEDGE_HDF5_LAYOUT_VIRTUAL = 3,   // H5D_VIRTUAL
};

/// What H5Lget_info fills, of which only the type is read: it is the first field in every version of the structure.
struct selvedge_hdf5_link {
    int32_t type;
    uint8_t rest[124];
};

/// What H5Gget_info fills.
struct selvedge_hdf5_group {
    int32_t storage;
    uint64_t link_count;
    uint8_t rest[112];
};

/// The library's functions under the library's names, and its predefined types and classes.
struct selvedge_hdf5 {
    int32_t (*H5open)(void);
    int32_t (*H5dont_atexit)(void);
    int32_t (*H5get_libversion)(uint32_t *major, uint32_t *minor, uint32_t *release);
    int32_t (*H5Eset_auto2)(selvedge_hid_t stack, const void *_Nullable function, const void *_Nullable data);
    int32_t (*H5free_memory)(void *_Nullable memory);

    selvedge_hid_t (*H5Pcreate)(selvedge_hid_t class_identifier);
    int32_t (*H5Pset_fapl_core)(selvedge_hid_t list, size_t increment, bool writes_back);
    int32_t (*H5Pset_file_image)(selvedge_hid_t list, void *bytes, size_t byte_count);
    int32_t (*H5Pget_layout)(selvedge_hid_t list);
    int32_t (*H5Pget_external_count)(selvedge_hid_t list);
    int32_t (*H5Pget_nfilters)(selvedge_hid_t list);
    int32_t (*H5Pset_obj_track_times)(selvedge_hid_t list, bool keeps_times);
    int32_t (*H5Pclose)(selvedge_hid_t list);

    selvedge_hid_t (*H5Fopen)(const char *name, uint32_t flags, selvedge_hid_t list);
    selvedge_hid_t (*H5Fcreate)(
        const char *name, uint32_t flags, selvedge_hid_t creation_list, selvedge_hid_t access_list);
    int32_t (*H5Fflush)(selvedge_hid_t file, int32_t scope);
    ptrdiff_t (*H5Fget_file_image)(selvedge_hid_t file, void *_Nullable bytes, size_t byte_count);
    int32_t (*H5Fclose)(selvedge_hid_t file);

    int32_t (*H5Lexists)(selvedge_hid_t place, const char *name, selvedge_hid_t list);
    int32_t (*H5Lget_info)(
        selvedge_hid_t place, const char *name, struct selvedge_hdf5_link *link, selvedge_hid_t list);
    ptrdiff_t (*H5Lget_name_by_idx)(
        selvedge_hid_t place, const char *group, int32_t index, int32_t order, uint64_t number,
        char *_Nullable name, size_t byte_count, selvedge_hid_t list);
    selvedge_hid_t (*H5Oopen)(selvedge_hid_t place, const char *name, selvedge_hid_t list);
    int32_t (*H5Oclose)(selvedge_hid_t object);
    int32_t (*H5Iget_type)(selvedge_hid_t object);
    int32_t (*H5Gget_info)(selvedge_hid_t group, struct selvedge_hdf5_group *info);
    selvedge_hid_t (*H5Gcreate2)(
        selvedge_hid_t place, const char *path, selvedge_hid_t link_list, selvedge_hid_t creation_list,
        selvedge_hid_t access_list);

    selvedge_hid_t (*H5Dget_create_plist)(selvedge_hid_t dataset);
    selvedge_hid_t (*H5Dget_space)(selvedge_hid_t dataset);
    selvedge_hid_t (*H5Dget_type)(selvedge_hid_t dataset);
    uint64_t (*H5Dget_storage_size)(selvedge_hid_t dataset);
    selvedge_hid_t (*H5Dcreate2)(
        selvedge_hid_t place, const char *path, selvedge_hid_t type, selvedge_hid_t space, selvedge_hid_t link_list,
        selvedge_hid_t creation_list, selvedge_hid_t access_list);
    int32_t (*H5Dwrite)(
        selvedge_hid_t dataset, selvedge_hid_t memory_type, selvedge_hid_t memory_space, selvedge_hid_t file_space,
        selvedge_hid_t list, const void *values);
    int32_t (*H5Dread)(
        selvedge_hid_t dataset, selvedge_hid_t memory_type, selvedge_hid_t memory_space, selvedge_hid_t file_space,
        selvedge_hid_t list, void *values);

    int32_t (*H5Aexists)(selvedge_hid_t object, const char *name);
    selvedge_hid_t (*H5Aopen)(selvedge_hid_t object, const char *name, selvedge_hid_t list);
    selvedge_hid_t (*H5Aget_space)(selvedge_hid_t attribute);
    selvedge_hid_t (*H5Aget_type)(selvedge_hid_t attribute);
    uint64_t (*H5Aget_storage_size)(selvedge_hid_t attribute);
    int32_t (*H5Aread)(selvedge_hid_t attribute, selvedge_hid_t memory_type, void *values);
    int32_t (*H5Aclose)(selvedge_hid_t attribute);

    selvedge_hid_t (*H5Screate_simple)(
        int32_t dimension_count, const uint64_t *_Nullable extents, const uint64_t *_Nullable limits);
    int32_t (*H5Sget_simple_extent_type)(selvedge_hid_t space);
    int32_t (*H5Sget_simple_extent_ndims)(selvedge_hid_t space);
    int32_t (*H5Sget_simple_extent_dims)(
        selvedge_hid_t space, uint64_t *_Nullable extents, uint64_t *_Nullable limits);
    int32_t (*H5Sclose)(selvedge_hid_t space);

    int32_t (*H5Tget_class)(selvedge_hid_t type);
    size_t (*H5Tget_size)(selvedge_hid_t type);
    int32_t (*H5Tequal)(selvedge_hid_t type, selvedge_hid_t other);
    int32_t (*H5Tis_variable_str)(selvedge_hid_t type);
    int32_t (*H5Tclose)(selvedge_hid_t type);

    selvedge_hid_t file_access_class;
    selvedge_hid_t dataset_create_class;
    selvedge_hid_t native_float;
    selvedge_hid_t native_double;
    /// IEEE single and double precision, each little- and big-endian.
    selvedge_hid_t ieee_float[2];
    selvedge_hid_t ieee_double[2];
};

/// Opens the library of this file name and fills the table; the library stays open.
/// Returns null, or in a few words what is missing: text that stays until the next call on this thread.
const char *_Nullable selvedge_hdf5_load(struct selvedge_hdf5 *table, const char *file_name);

#pragma clang assume_nonnull end

#endif
