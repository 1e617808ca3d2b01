<?php
session_start(['cookie_secure' => true, 'cookie_httponly' => true, 'cookie_samesite' => 'Lax']);
switch (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
case '/up':
    echo 'up';
    break;
case '/told':
    header('Content-Type: application/json');
    echo json_encode(['host' => $_SERVER['HTTP_HOST'], 'proto' => $_SERVER['HTTP_X_FORWARDED_PROTO'],
        'get' => $_GET, 'post' => $_POST, 'files' => array_map(fn ($file) => $file['size'], $_FILES)]);
    break;
case '/count':
    $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
    echo 'visit ' . $_SESSION['count'];
    break;
default:
    echo 'This is @VERSION@.';
}
