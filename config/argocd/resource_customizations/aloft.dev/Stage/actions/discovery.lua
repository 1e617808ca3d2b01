local suspended = obj.spec ~= nil and obj.spec.suspend == true

local stalled = false
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.type == "Stalled" and condition.status == "True" then
      stalled = true
    end
  end
end

return {
  ["suspend"] = { ["disabled"] = suspended },
  ["resume"] = { ["disabled"] = not suspended },
  ["reconcile"] = { ["disabled"] = suspended },
  -- A retry begins a new run of the same release: only what has stopped can be begun again.
  ["retry"] = { ["disabled"] = suspended or not stalled },
}
