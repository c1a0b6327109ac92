// What NVRTC makes of the mathematical functions, and of the harder shapes of kernels.
// See tests/functions.rs.
typedef unsigned long long u64;
typedef long long i64;

#define UNARY(NAME, T, EXPRESSION)                                                         \
    extern "C" __global__ void NAME(const T* x, T* y, u64 n) {                             \
        for (u64 i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) { \
            T v = x[i];                                                                    \
            y[i] = EXPRESSION;                                                             \
        }                                                                                  \
    }

UNARY(sin_f32, float, sinf(v))
UNARY(log_f32, float, logf(v))
UNARY(pow_f32, float, powf(v, 1.25f))
UNARY(tanh_f32, float, tanhf(v))
UNARY(sin_f64, double, sin(v))
UNARY(exp_f64, double, exp(v))
UNARY(log_f64, double, log(v))
UNARY(pow_f64, double, pow(v, 1.25))
UNARY(atan_f64, double, atan(v))
UNARY(cbrt_f64, double, cbrt(v))
UNARY(fmod_f64, double, fmod(v, 0.7))
UNARY(expm1_f64, double, expm1(v))
UNARY(rsqrt_f64, double, rsqrt(v))

__device__ unsigned counter;

// The last block to finish adds up what the others have left, and makes the counter zero again.
extern "C" __global__ void last_block_sum(const float* x, float* part, float* out, u64 n) {
    __shared__ float s[128];
    __shared__ bool last;
    u64 i = (u64)blockIdx.x * 128 + threadIdx.x;
    s[threadIdx.x] = i < n ? x[i] : 0.0f;
    __syncthreads();
    for (int o = 64; o; o >>= 1) {
        if (threadIdx.x < o) s[threadIdx.x] += s[threadIdx.x + o];
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        part[blockIdx.x] = s[0];
        __threadfence();
        last = atomicInc(&counter, gridDim.x - 1) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && threadIdx.x == 0) {
        float sum = 0.0f;
        for (int k = 0; k < gridDim.x; k++) sum += ((volatile float*)part)[k];
        *out = sum;
    }
}

// Puts values in the order of two bits, one warp to a block, equal ones in their order.
extern "C" __global__ void digits(const unsigned* x, unsigned* y, const unsigned* starts, int shift) {
    unsigned v = x[threadIdx.x], digit = v >> shift & 3;
    unsigned same = __match_any_sync(0xffffffffu, digit);
    y[starts[digit] + __popc(same & ((1u << threadIdx.x) - 1))] = v;
}

struct View { int dimensions; i64 shape[4]; i64 stride[4]; };

extern "C" __global__ void gather(const double* __restrict__ from, View v, double* to, i64 n) {
    i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    i64 rest = i, at = 0;
    for (int d = v.dimensions - 1; d >= 0; --d) {
        i64 q = rest / v.shape[d];
        at += (rest - q * v.shape[d]) * v.stride[d];
        rest = q;
    }
    to[i] = from[at];
}
