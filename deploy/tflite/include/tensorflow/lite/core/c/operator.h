/* Empty on purpose: the binding's build script copies this path; everything it needs is in lite/c/c_api.h. */
