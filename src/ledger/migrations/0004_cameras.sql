-- Cameras by name: what a provider's list of cameras says is compared with our devices, page by page.
CREATE INDEX device_by_camera ON device (camera) WHERE camera IS NOT NULL;
