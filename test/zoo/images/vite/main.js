import "./style.css";

document.getElementById("told").textContent = "The script has run.";
