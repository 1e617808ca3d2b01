if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["aloft.dev/retry"] = os.date("!%Y-%m-%dT%XZ")
return obj
