// Keeps the counts on the page current, and sends jobs without leaving it.
const counts = ["migrations", "jobs", "schedules"];

async function refresh() {
  const response = await fetch("/status", { headers: { Accept: "application/json" } });
  if (!response.ok) return;
  const status = await response.json();
  document.getElementById("version").textContent = status.version;
  for (const name of counts) document.getElementById(name).textContent = status[name];
}

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  await fetch("/jobs", { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  await refresh();
});

setInterval(refresh, 2000);
