/* The XNNPACK delegate of TensorFlow Lite: the three functions that the Rust binding calls.
 *
 * Where the binding asks for the default options it is given ours (edge/src/detect/interpreter.rs), by the name that the
 * symbol has: the library's own, and one flag more, which the binding has no word for.
 *
 * Only the first field of the options is named here. The library's own structure has more fields after it, laid out
 * differently between versions; the padding is larger than any of them, so that the library may write its defaults
 * and read them back untouched.
 */
#ifndef QUAYWATCH_TFLITE_XNNPACK_DELEGATE_H_
#define QUAYWATCH_TFLITE_XNNPACK_DELEGATE_H_

#include "tensorflow/lite/c/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t num_threads;
  uint32_t library_private[63];
} TfLiteXNNPackDelegateOptions;

extern TfLiteXNNPackDelegateOptions TfLiteXNNPackDelegateOptionsDefault(void)
    __asm__("quaywatch_xnnpack_options");
extern TfLiteDelegate* TfLiteXNNPackDelegateCreate(const TfLiteXNNPackDelegateOptions* options);
extern void TfLiteXNNPackDelegateDelete(TfLiteDelegate* delegate);

#ifdef __cplusplus
}
#endif

#endif /* QUAYWATCH_TFLITE_XNNPACK_DELEGATE_H_ */
