//! TensorFlow Lite, and the only file that names `tflitec`.
//!
//! That crate's safe interface casts tensor memory without checking its type, and panics on tensor names that are no UTF-8. So: a model is loaded
//! only when its hash is the one that its sidecar names ([`super::model_file`]), and every tensor's type, shape, scale and length is compared with the sidecar
//! before a byte of it is read. XNNPACK is switched on explicitly (without it inference is five times slower), with one thread: tiles are the
//! parallelism, one interpreter for each worker.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tflitec::{
    interpreter::{Interpreter, Options},
    model::Model,
    tensor::{DataType, Tensor},
};

use super::{
    DetectError,
    model_file::{ModelFile, OutputNote},
};

/// Different models that one process may load in its life: an interpreter borrows its model for as long as it lives, so models are kept until the
/// process ends, each about half a megabyte. An agent that has seen so many updates is restarted.
const MODELS_PER_PROCESS_MAX: usize = 16;

/// Models by hash, loaded once.
static MODELS: Mutex<Option<HashMap<String, &'static Model<'static>>>> = Mutex::new(None);

fn model(file: &ModelFile) -> Result<&'static Model<'static>, DetectError> {
    let bad = |what: &str, expected: &str| DetectError::Model {
        path: file.path.clone(),
        what: what.to_owned(),
        expected: expected.to_owned(),
    };
    let mut models = MODELS.lock().unwrap_or_else(PoisonError::into_inner);
    let models = models.get_or_insert_with(HashMap::new);
    if let Some(model) = models.get(&file.sha256) {
        return Ok(model);
    }
    if models.len() >= MODELS_PER_PROCESS_MAX {
        return Err(bad("too many models were loaded in this process", "a restart"));
    }
    let bytes: &'static [u8] = Box::leak(file.bytes.clone().into_boxed_slice());
    let model = Model::from_bytes(bytes).map_err(|error| bad(&error.to_string(), "a TensorFlow Lite model"))?;
    let model: &'static Model<'static> = Box::leak(Box::new(model));
    models.insert(file.sha256.clone(), model);
    Ok(model)
}

/// One interpreter with its checked tensors. It belongs to one thread.
pub(super) struct Network {
    interpreter: Interpreter<'static>,
    input_shape: Vec<usize>,
    heat: OutputNote,
    geom: OutputNote,
}

impl Network {
    /// Loads the model and compares its tensors with the sidecar.
    pub(super) fn new(file: &ModelFile) -> Result<Self, DetectError> {
        let sidecar = &file.sidecar;
        let options = Options {
            thread_count: 1,
            is_xnnpack_enabled: true,
        };
        let failed = |error: tflitec::Error| DetectError::Inference(error.to_string());
        // Named here, so that a linker that goes through libraries in order has it before the binding asks for it.
        std::hint::black_box(delegate::quaywatch_xnnpack_options as extern "C" fn() -> delegate::Options);
        let interpreter = Interpreter::new(model(file)?, Some(options)).map_err(failed)?;
        interpreter.allocate_tensors().map_err(failed)?;
        let bad = |what: String| DetectError::Model {
            path: file.path.clone(),
            what,
            expected: "what the sidecar says of the tensors".to_owned(),
        };
        if interpreter.input_tensor_count() != 1 || interpreter.output_tensor_count() != 2 {
            return Err(bad(format!(
                "{} inputs and {} outputs",
                interpreter.input_tensor_count(),
                interpreter.output_tensor_count()
            )));
        }
        let side = sidecar.input.tile_px;
        let input_shape = vec![1, side, side, sidecar.input.channels.len()];
        {
            let input = interpreter.input(0).map_err(failed)?;
            check(&input, &input_shape, sidecar.input.scale, sidecar.input.zero_point).map_err(bad)?;
            for note in [&sidecar.outputs.heat, &sidecar.outputs.geom] {
                let output = interpreter.output(note.index).map_err(failed)?;
                check(&output, &note.shape, note.scale, note.zero_point).map_err(bad)?;
            }
        }
        Ok(Self {
            interpreter,
            input_shape,
            heat: sidecar.outputs.heat.clone(),
            geom: sidecar.outputs.geom.clone(),
        })
    }

    /// Runs the network on one tile, NHWC; fills both outputs.
    pub(super) fn run(&mut self, input: &[i8], heat: &mut Vec<i8>, geom: &mut Vec<i8>) -> Result<(), DetectError> {
        let failed = |error: tflitec::Error| DetectError::Inference(error.to_string());
        let expected: usize = self.input_shape.iter().product();
        if input.len() != expected {
            return Err(DetectError::Inference(format!(
                "a tile of {} bytes; expected {expected}",
                input.len()
            )));
        }
        self.interpreter.copy(input, 0).map_err(failed)?;
        self.interpreter.invoke().map_err(failed)?;
        for (note, out) in [(&self.heat, heat), (&self.geom, geom)] {
            let tensor = self.interpreter.output(note.index).map_err(failed)?;
            check(&tensor, &note.shape, note.scale, note.zero_point).map_err(DetectError::Inference)?;
            out.clear();
            out.extend_from_slice(tensor.data::<i8>());
        }
        Ok(())
    }
}

/// The options of the XNNPACK delegate: the library's defaults, and its indirection buffers shared by all layers and filled anew for each.
///
/// A buffer holds a pointer for every output pixel and weight of a convolution. Kept for each layer, they took three quarters of a worker's memory. The
/// binding cannot set the flag; so the header that it is generated from (deploy/tflite/include) gives it this function for the library's own.
#[allow(
    unsafe_code,
    reason = "a C function that C calls, and a call of the library's: the binding offers no other way"
)]
mod delegate {
    use std::mem::MaybeUninit;

    /// As in the header: larger than the library's structure, of which the first two fields are known.
    #[repr(C)]
    pub(super) struct Options {
        threads: i32,
        flags: u32,
        rest: [MaybeUninit<u32>; 62],
    }

    /// `TFLITE_XNNPACK_DELEGATE_FLAG_TRANSIENT_INDIRECTION_BUFFER`
    const TRANSIENT_INDIRECTION_BUFFER: u32 = 0x20;

    unsafe extern "C" {
        safe fn TfLiteXNNPackDelegateOptionsDefault() -> Options;
    }

    #[unsafe(no_mangle)]
    pub(super) extern "C" fn quaywatch_xnnpack_options() -> Options {
        let mut options = TfLiteXNNPackDelegateOptionsDefault();
        options.flags |= TRANSIENT_INDIRECTION_BUFFER;
        options
    }
}

/// Type, shape and quantisation of a tensor against what is expected of it.
fn check(tensor: &Tensor<'_>, shape: &[usize], scale: f32, zero_point: i32) -> Result<(), String> {
    let is_same = tensor.quantization_parameters().is_some_and(|parameters| {
        (parameters.scale - scale).abs() <= scale * 1e-5 && parameters.zero_point == zero_point
    });
    if tensor.data_type() == DataType::Int8 && tensor.shape().dimensions() == shape && is_same {
        return Ok(());
    }
    Err(format!(
        "a tensor {:?} {:?} quantised by {:?} where int8 {shape:?} by {scale} and {zero_point} belongs",
        tensor.data_type(),
        tensor.shape().dimensions(),
        tensor.quantization_parameters()
    ))
}
