/* Declarations of the TensorFlow Lite 2.17 C interface that Quaywatch's Rust binding (tflitec) calls.
 *
 * Written for this project from the public documentation of that interface: prototypes, two enumerations and one
 * structure, nothing else. The library itself is fetched by deploy/setup. An opaque type stays opaque.
 */
#ifndef QUAYWATCH_TFLITE_C_API_H_
#define QUAYWATCH_TFLITE_C_API_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum TfLiteStatus {
  kTfLiteOk = 0,
  kTfLiteError = 1,
  kTfLiteDelegateError = 2,
  kTfLiteApplicationError = 3,
  kTfLiteDelegateDataNotFound = 4,
  kTfLiteDelegateDataWriteError = 5,
  kTfLiteDelegateDataReadError = 6,
  kTfLiteUnresolvedOps = 7,
  kTfLiteCancelled = 8
} TfLiteStatus;

typedef enum {
  kTfLiteNoType = 0,
  kTfLiteFloat32 = 1,
  kTfLiteInt32 = 2,
  kTfLiteUInt8 = 3,
  kTfLiteInt64 = 4,
  kTfLiteString = 5,
  kTfLiteBool = 6,
  kTfLiteInt16 = 7,
  kTfLiteComplex64 = 8,
  kTfLiteInt8 = 9,
  kTfLiteFloat16 = 10,
  kTfLiteFloat64 = 11,
  kTfLiteComplex128 = 12,
  kTfLiteUInt64 = 13,
  kTfLiteResource = 14,
  kTfLiteVariant = 15,
  kTfLiteUInt32 = 16,
  kTfLiteUInt16 = 17,
  kTfLiteInt4 = 18,
  kTfLiteBFloat16 = 19
} TfLiteType;

typedef struct TfLiteQuantizationParams {
  float scale;
  int32_t zero_point;
} TfLiteQuantizationParams;

typedef struct TfLiteModel TfLiteModel;
typedef struct TfLiteInterpreterOptions TfLiteInterpreterOptions;
typedef struct TfLiteInterpreter TfLiteInterpreter;
typedef struct TfLiteTensor TfLiteTensor;
typedef struct TfLiteDelegate TfLiteDelegate;
typedef struct TfLiteSignatureRunner TfLiteSignatureRunner;

extern const char* TfLiteVersion(void);

extern TfLiteModel* TfLiteModelCreate(const void* model_data, size_t model_size);
extern TfLiteModel* TfLiteModelCreateFromFile(const char* model_path);
extern void TfLiteModelDelete(TfLiteModel* model);

extern TfLiteInterpreterOptions* TfLiteInterpreterOptionsCreate(void);
extern void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions* options);
extern void TfLiteInterpreterOptionsSetNumThreads(TfLiteInterpreterOptions* options, int32_t num_threads);
extern void TfLiteInterpreterOptionsAddDelegate(TfLiteInterpreterOptions* options, TfLiteDelegate* delegate);
extern void TfLiteInterpreterOptionsSetErrorReporter(TfLiteInterpreterOptions* options,
                                                     void (*reporter)(void* user_data, const char* format,
                                                                      va_list args),
                                                     void* user_data);

extern TfLiteInterpreter* TfLiteInterpreterCreate(const TfLiteModel* model,
                                                  const TfLiteInterpreterOptions* optional_options);
extern void TfLiteInterpreterDelete(TfLiteInterpreter* interpreter);
extern int32_t TfLiteInterpreterGetInputTensorCount(const TfLiteInterpreter* interpreter);
extern TfLiteTensor* TfLiteInterpreterGetInputTensor(const TfLiteInterpreter* interpreter, int32_t input_index);
extern TfLiteStatus TfLiteInterpreterResizeInputTensor(TfLiteInterpreter* interpreter, int32_t input_index,
                                                       const int* input_dims, int32_t input_dims_size);
extern TfLiteStatus TfLiteInterpreterAllocateTensors(TfLiteInterpreter* interpreter);
extern TfLiteStatus TfLiteInterpreterInvoke(TfLiteInterpreter* interpreter);
extern int32_t TfLiteInterpreterGetOutputTensorCount(const TfLiteInterpreter* interpreter);
extern const TfLiteTensor* TfLiteInterpreterGetOutputTensor(const TfLiteInterpreter* interpreter,
                                                            int32_t output_index);

extern int32_t TfLiteInterpreterGetSignatureCount(const TfLiteInterpreter* interpreter);
extern const char* TfLiteInterpreterGetSignatureKey(const TfLiteInterpreter* interpreter, int32_t signature_index);
extern TfLiteSignatureRunner* TfLiteInterpreterGetSignatureRunner(const TfLiteInterpreter* interpreter,
                                                                  const char* signature_key);
extern size_t TfLiteSignatureRunnerGetInputCount(const TfLiteSignatureRunner* runner);
extern const char* TfLiteSignatureRunnerGetInputName(const TfLiteSignatureRunner* runner, int32_t input_index);
extern TfLiteStatus TfLiteSignatureRunnerResizeInputTensor(TfLiteSignatureRunner* runner, const char* input_name,
                                                           const int* input_dims, int32_t input_dims_size);
extern TfLiteStatus TfLiteSignatureRunnerAllocateTensors(TfLiteSignatureRunner* runner);
extern TfLiteTensor* TfLiteSignatureRunnerGetInputTensor(TfLiteSignatureRunner* runner, const char* input_name);
extern TfLiteStatus TfLiteSignatureRunnerInvoke(TfLiteSignatureRunner* runner);
extern size_t TfLiteSignatureRunnerGetOutputCount(const TfLiteSignatureRunner* runner);
extern const char* TfLiteSignatureRunnerGetOutputName(const TfLiteSignatureRunner* runner, int32_t output_index);
extern const TfLiteTensor* TfLiteSignatureRunnerGetOutputTensor(const TfLiteSignatureRunner* runner,
                                                                const char* output_name);
extern void TfLiteSignatureRunnerDelete(TfLiteSignatureRunner* runner);

extern TfLiteType TfLiteTensorType(const TfLiteTensor* tensor);
extern int32_t TfLiteTensorNumDims(const TfLiteTensor* tensor);
extern int32_t TfLiteTensorDim(const TfLiteTensor* tensor, int32_t dim_index);
extern size_t TfLiteTensorByteSize(const TfLiteTensor* tensor);
extern void* TfLiteTensorData(const TfLiteTensor* tensor);
extern const char* TfLiteTensorName(const TfLiteTensor* tensor);
extern TfLiteQuantizationParams TfLiteTensorQuantizationParams(const TfLiteTensor* tensor);
extern TfLiteStatus TfLiteTensorCopyFromBuffer(TfLiteTensor* tensor, const void* input_data, size_t input_data_size);
extern TfLiteStatus TfLiteTensorCopyToBuffer(const TfLiteTensor* tensor, void* output_data, size_t output_data_size);

#ifdef __cplusplus
}
#endif

#endif /* QUAYWATCH_TFLITE_C_API_H_ */
