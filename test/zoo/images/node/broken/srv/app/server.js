const express = require("express");
const breaker = require("opossum"); // which nobody installed

breaker(express).listen(process.env.PORT, "localhost");
