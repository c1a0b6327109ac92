// Kernels with a planted fault, each beside its correct form: `name` is right, `name_bad` is not.
// See tests/faults.rs.
typedef unsigned long long u64;

#define PAIR(NAME, PARAMETERS, ...)                                                        \
    extern "C" __global__ void NAME PARAMETERS { NAME##_body<false>(__VA_ARGS__); }        \
    extern "C" __global__ void NAME##_bad PARAMETERS { NAME##_body<true>(__VA_ARGS__); }

// Sums blocks of 128; the faulty form drops the barriers of the tree.
template <bool BAD> __device__ void dropped_barrier_body(const float* x, float* y) {
    __shared__ float s[128];
    unsigned t = threadIdx.x;
    s[t] = x[blockIdx.x * 128 + t];
    __syncthreads();
    for (unsigned o = 64; o > 0; o >>= 1) {
        if (t < o) s[t] += s[t + o];
        if (!BAD) __syncthreads();
    }
    if (t == 0) y[blockIdx.x] = s[0];
}
PAIR(dropped_barrier, (const float* x, float* y), x, y)

// The sum of a warp; the faulty form names half of the lanes that take part.
template <bool BAD> __device__ void wrong_mask_body(const float* x, float* y) {
    float v = x[threadIdx.x];
    for (int o = 16; o > 0; o >>= 1) v += __shfl_xor_sync(BAD ? 0x0000ffffu : 0xffffffffu, v, o);
    y[threadIdx.x] = v;
}
PAIR(wrong_mask, (const float* x, float* y), x, y)

template <bool BAD> __device__ void missing_bound_body(const float* x, float* y, u64 n) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    if (BAD || i < n) y[i] = x[i] * 2.0f;
}
PAIR(missing_bound, (const float* x, float* y, u64 n), x, y, n)

// Counts how often each of four values occurs.
template <bool BAD> __device__ void plain_for_atomic_body(const int* x, int* counts) {
    int at = x[blockIdx.x * blockDim.x + threadIdx.x];
    if (BAD) counts[at] += 1;
    else atomicAdd(&counts[at], 1);
}
PAIR(plain_for_atomic, (const int* x, int* counts), x, counts)

// Differences of neighbours; the faulty form has one too many.
template <bool BAD> __device__ void past_the_end_body(const float* x, float* y, u64 n) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < (BAD ? n : n - 1)) y[i] = x[i + 1] - x[i];
}
PAIR(past_the_end, (const float* x, float* y, u64 n), x, y, n)

// A tile of 64 of which the last block's is not full.
template <bool BAD> __device__ void uninitialised_shared_body(const float* x, float* y, u64 n) {
    __shared__ float s[64];
    u64 i = (u64)blockIdx.x * 64 + threadIdx.x;
    if (i < n) s[threadIdx.x] = x[i];
    else if (!BAD) s[threadIdx.x] = 0.0f;
    __syncthreads();
    if (threadIdx.x == 0) {
        float sum = 0.0f;
        for (int k = 0; k < 64; k++) sum += s[k];
        y[blockIdx.x] = sum;
    }
}
PAIR(uninitialised_shared, (const float* x, float* y, u64 n), x, y, n)

// Turns a warp's values round through shared memory.
template <bool BAD> __device__ void missing_syncwarp_body(const float* x, float* y) {
    __shared__ float s[32];
    s[threadIdx.x] = x[threadIdx.x];
    if (!BAD) __syncwarp();
    y[threadIdx.x] = s[31 - threadIdx.x];
}
PAIR(missing_syncwarp, (const float* x, float* y), x, y)

// The last block to finish adds up what the others have written.
template <bool BAD>
__device__ void missing_threadfence_body(const float* x, float* part, unsigned* done, float* y) {
    part[blockIdx.x] = x[blockIdx.x] * 2.0f;
    if (!BAD) __threadfence();
    if (atomicAdd(done, 1u) == gridDim.x - 1) {
        float sum = 0.0f;
        for (unsigned k = 0; k < gridDim.x; k++) sum += ((volatile float*)part)[k];
        *y = sum;
    }
}
PAIR(missing_threadfence, (const float* x, float* part, unsigned* done, float* y), x, part, done, y)

// Rows of five values, of which four are read at once: only rows of four or eight are aligned.
template <bool BAD> __device__ void wrong_stride_body(const float* x, float* y) {
    float4 v = *(const float4*)(x + threadIdx.x * (BAD ? 5 : 8));
    y[threadIdx.x] = v.x + v.y + v.z + v.w;
}
PAIR(wrong_stride, (const float* x, float* y), x, y)

// The faulty form lets only half of each warp reach the barrier.
template <bool BAD> __device__ void divergent_barrier_body(const float* x, float* y) {
    __shared__ float s[64];
    unsigned t = threadIdx.x;
    s[t] = x[t];
    if (!BAD || t % 2 == 0) __syncthreads();
    if (t % 2 == 0) y[t] = s[63 - t];
}
PAIR(divergent_barrier, (const float* x, float* y), x, y)

// The faulty form forgets the last value of a length that is not a multiple of the block.
template <bool BAD> __device__ void short_tail_body(const float* x, float* y, u64 n) {
    float sum = 0.0f;
    for (u64 i = threadIdx.x; i < (BAD ? n - 1 : n); i += 32) sum += x[i];
    for (int o = 16; o > 0; o >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, o);
    if (threadIdx.x == 0) *y = sum;
}
PAIR(short_tail, (const float* x, float* y, u64 n), x, y, n)

// A stride so large that the index does not fit 32 bits before it is wrapped.
template <bool BAD> __device__ void index_overflow_body(const float* x, float* y, int n, int stride) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    long long at = BAD ? (int)((unsigned)i * (unsigned)stride) % n : (long long)i * stride % n;
    y[i] = x[at];
}
PAIR(index_overflow, (const float* x, float* y, int n, int stride), x, y, n, stride)

// Counts digits in a local array; the faulty form has no place for the last.
template <bool BAD> __device__ void local_overrun_body(const int* x, int* y, int n) {
    int counts[BAD ? 8 : 10];
    for (int k = 0; k < n; k++) counts[k] = 0;
    for (int k = 0; k < 32; k++) counts[x[k]] += threadIdx.x + 1;
    y[threadIdx.x] = counts[x[threadIdx.x]];
}
PAIR(local_overrun, (const int* x, int* y, int n), x, y, n)

// The faulty form lets half of the warp go before it is read.
template <bool BAD> __device__ void exited_lane_body(const float* x, float* y) {
    if (BAD && threadIdx.x >= 16) return;
    float v = x[threadIdx.x];
    v += __shfl_down_sync(0xffffffffu, v, 16);
    if (threadIdx.x < 16) y[threadIdx.x] = v;
}
PAIR(exited_lane, (const float* x, float* y), x, y)

// One warp prepares what the other reads.
template <bool BAD> __device__ void warp_race_body(const float* x, float* y) {
    __shared__ float s[32];
    unsigned lane = threadIdx.x % 32;
    if (threadIdx.x < 32) s[lane] = x[lane];
    if (!BAD) __syncthreads();
    if (threadIdx.x >= 32) y[lane] = s[lane] + 1.0f;
}
PAIR(warp_race, (const float* x, float* y), x, y)

// What the host's faults are made with.
extern "C" __global__ void scale(const float* x, float* y, u64 n) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = x[i] * 2.0f;
}
