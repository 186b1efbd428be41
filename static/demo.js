// Sends the answer on by itself; without script the button does.
document.getElementById("answer")?.requestSubmit();
