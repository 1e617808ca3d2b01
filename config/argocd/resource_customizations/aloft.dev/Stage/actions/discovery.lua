local suspended = obj.spec ~= nil and obj.spec.suspend == true

local failed = obj.status ~= nil and obj.status.target ~= nil and obj.status.target.state == "Failed"

return {
  ["suspend"] = { ["disabled"] = suspended },
  ["resume"] = { ["disabled"] = not suspended },
  ["reconcile"] = { ["disabled"] = suspended },
  -- A retry begins a new run of a release whose run has failed. Where only the outcome of a command is unknown, the run has not.
  ["retry"] = { ["disabled"] = suspended or not failed },
}
