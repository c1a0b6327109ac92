// The kernels of examples/speed.rs.
typedef unsigned long long u64;

extern "C" __global__ void vec_add(const float* __restrict__ a, const float* __restrict__ b,
                                   float* __restrict__ c, u64 n) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" __global__ void exp_f32(const float* __restrict__ x, float* __restrict__ y, u64 n) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = expf(x[i]);
}

extern "C" __global__ void exp_f64(const double* __restrict__ x, double* __restrict__ y, u64 n) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = exp(x[i]);
}

extern "C" __global__ void pow_f64(const double* __restrict__ x, double* __restrict__ y, u64 n) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = pow(x[i], 1.5 + x[i]) + sin(x[i] * 1e12) + lgamma(x[i]);
}

extern "C" __global__ void block_sum(const float* __restrict__ x, float* __restrict__ out, u64 n) {
    __shared__ float s[256];
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    s[threadIdx.x] = i < n ? x[i] : 0.0f;
    __syncthreads();
    for (unsigned o = blockDim.x / 2; o > 0; o >>= 1) {
        if (threadIdx.x < o) s[threadIdx.x] += s[threadIdx.x + o];
        __syncthreads();
    }
    if (threadIdx.x == 0) out[blockIdx.x] = s[0];
}

extern "C" __global__ void gemm(const float* __restrict__ a, const float* __restrict__ b,
                                float* __restrict__ c, int m, int n, int k) {
    __shared__ float as[8][64], bs[8][64];
    float acc[4][4] = {};
    int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
    int row0 = blockIdx.y * 64, col0 = blockIdx.x * 64;
    for (int k0 = 0; k0 < k; k0 += 8) {
        for (int t = threadIdx.x; t < 512; t += 256) {
            int i = t / 8, j = t % 8, p = t / 64, q = t % 64;
            as[j][i] = row0 + i < m && k0 + j < k ? a[(long long)(row0 + i) * k + k0 + j] : 0.0f;
            bs[p][q] = k0 + p < k && col0 + q < n ? b[(long long)(k0 + p) * n + col0 + q] : 0.0f;
        }
        __syncthreads();
        #pragma unroll
        for (int kk = 0; kk < 8; kk++) {
            float4 av = *(float4*)&as[kk][ty * 4], bv = *(float4*)&bs[kk][tx * 4];
            float x[4] = {av.x, av.y, av.z, av.w}, y[4] = {bv.x, bv.y, bv.z, bv.w};
            #pragma unroll
            for (int i = 0; i < 4; i++)
                #pragma unroll
                for (int j = 0; j < 4; j++) acc[i][j] += x[i] * y[j];
        }
        __syncthreads();
    }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            int r = row0 + ty * 4 + i, q = col0 + tx * 4 + j;
            if (r < m && q < n) c[(long long)r * n + q] = acc[i][j];
        }
}
