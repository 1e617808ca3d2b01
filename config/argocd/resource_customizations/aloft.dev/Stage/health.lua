-- Stage follows kstatus: observedGeneration, and the exclusive conditions Reconciling and Stalled beside Ready.
-- The operator moves status.observedGeneration only when the outcome for that generation is known: live, or refused.
local hs = { status = "Progressing", message = "Waiting for the operator" }

local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end

local function is(name)
  return conditions[name] ~= nil and conditions[name].status == "True"
end

local function tell(name)
  if conditions[name] ~= nil and conditions[name].message ~= nil and conditions[name].message ~= "" then
    hs.message = conditions[name].message
  end
end

if obj.metadata.deletionTimestamp ~= nil then
  -- A finalizer keeps the Stage until its deletion policy is carried out on AWS; that takes minutes with Delete.
  hs.message = "Deleting"
  tell("Ready")
  return hs
end

if obj.spec ~= nil and obj.spec.suspend == true then
  hs.status = "Suspended"
  hs.message = "spec.suspend holds the next release; what is live goes on serving"
  return hs
end

if obj.status == nil or obj.status.observedGeneration == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  tell("Reconciling")
  return hs
end

if is("Stalled") then
  hs.status = "Degraded"
  tell("Stalled")
  if is("Available") and conditions["Available"].message ~= nil then
    hs.message = hs.message .. " (" .. conditions["Available"].message .. ")"
  end
  return hs
end

if is("Reconciling") then
  tell("Reconciling")
  return hs
end

tell("Ready")
if is("Ready") then
  hs.status = "Healthy"
end
return hs
