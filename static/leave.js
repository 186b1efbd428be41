// Leaves for the identity provider without a click. Without script the button does it.
"use strict";

const leave = document.getElementById("leave");
if (leave instanceof HTMLFormElement) leave.submit();
else leave?.click();
