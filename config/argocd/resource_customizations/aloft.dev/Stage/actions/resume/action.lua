-- Removed, not set to false: what Git does not say must not stay behind.
obj.spec.suspend = nil
return obj
