//! Bind groups, which say what buffers a launch uses. Making one costs the driver's interface more than all else of a
//! small launch, and a loop launches the same kernels with the same few buffers again and again.

use std::{collections::HashMap, num::NonZeroU64};

use super::runtime::Kernel;

/// The bind groups since the last submission. They keep their buffers, so they are dropped with it.
#[derive(Default)]
pub(super) struct BindGroups(HashMap<(usize, Vec<::wgpu::Buffer>), ::wgpu::BindGroup>);

impl BindGroups {
    /// The bind group of a kernel with these buffers and `bytes` bytes of parameters, from an offset that the launch
    /// says. The kernel lives as long as the runtime, so its address names it.
    pub(super) fn of(
        &mut self,
        device: &::wgpu::Device,
        kernel: &Kernel,
        parameters: (&::wgpu::Buffer, u64),
        buffers: &[&::wgpu::Buffer],
    ) -> &::wgpu::BindGroup {
        let key = (
            std::ptr::from_ref(kernel).addr(),
            buffers.iter().map(|&buffer| buffer.clone()).collect(),
        );
        self.0.entry(key).or_insert_with(|| {
            let (buffer, bytes) = parameters;
            let parameters = ::wgpu::BindingResource::Buffer(::wgpu::BufferBinding {
                buffer,
                offset: 0,
                size: NonZeroU64::new(bytes),
            });
            let resources = [parameters]
                .into_iter()
                .chain(buffers.iter().map(|buffer| buffer.as_entire_binding()));
            let entries: Vec<::wgpu::BindGroupEntry<'_>> = resources
                .enumerate()
                .map(|(binding, resource)| ::wgpu::BindGroupEntry {
                    binding: binding as u32,
                    resource,
                })
                .collect();
            device.create_bind_group(&::wgpu::BindGroupDescriptor {
                label: None,
                layout: &kernel.layout,
                entries: &entries,
            })
        })
    }

    /// Drops all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
